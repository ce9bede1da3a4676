//! Charts: plain data in, the bytes of an SVG or PNG picture out.
//!
//! | chart | question it answers |
//! |---|---|
//! | [`SpendByMonth`] | what is paid in which month, and for what |
//! | [`BalanceOverTime`] | when does the money run short |
//! | [`Frontier`] | which of many runs cost least for what they lose |
//! | [`InstancesByState`] | how many instances are in which state |
//! | [`AgainstBase`] | what differs between runs, and from when on |
//! | [`FundingChart`] | what a cash plan changes |
//! | [`LossTimeline`] | which instances are lost, and on which days |
//!
//! Every chart is laid out once, as shapes on a canvas of 1200 CSS pixels, and then handed to the chosen format; both
//! formats show the same picture. The fonts are part of the program, so a picture depends on its data alone: the same
//! data gives the same bytes on every machine. Nothing here reads a clock or a file, and nothing here adds up money that
//! is not drawn: what a number means is decided by the caller. Amounts are whole numbers of a currency's minor unit.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "a picture is inexact: positions are fractions of a pixel, and no amount is computed from them"
)]

mod against;
mod amount;
mod axis;
mod balance;
mod canvas;
mod font;
mod frame;
mod frontier;
mod funding;
mod losses;
mod palette;
mod png;
mod spend;
mod states;
mod svg;

pub use against::{AgainstBase, RunLine};
pub use balance::{BalanceOverTime, Mark};
use canvas::Canvas;
pub use frontier::{Frontier, Point};
pub use funding::{FundingChart, Inflow};
pub use losses::{LossRow, LossTimeline, StateSpan};
pub use spend::{Series, SpendByMonth};
pub use states::{InstancesByState, StateCounts};

/// What stands above a chart.
#[derive(Clone, Debug)]
pub struct ChartHeading {
    /// What the chart shows, such as `Spend by month`.
    pub title: String,
    /// Where and when: book, account, first and last day.
    pub subtitle: String,
}

/// Data that can be drawn.
pub(super) trait Chart: Send + Sync {
    /// The shapes of the picture.
    fn lay_out(&self) -> Canvas;

    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        match format {
            Format::Svg => svg::encode(&self.lay_out()),
            Format::Png => png::encode(&self.lay_out()),
        }
    }
}

/// The file format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable, text kept as text: the viewer's fonts are used where Noto Sans is not installed.
    Svg,
    /// Two pixels for each CSS pixel, text drawn with the fonts in the program.
    Png,
}

/// Why there is no picture. Data never causes it, not even empty or senseless data.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The drawing backend refused a shape.
    #[error("the chart cannot be drawn: {0}")]
    Draw(String),
    /// The pixels could not be written as PNG.
    #[error("the chart cannot be written as PNG: {0}")]
    Encode(#[from] ::png::EncodingError),
}

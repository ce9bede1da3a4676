//! The colours of all charts, in one place. Never decides what is drawn in which colour beyond states and series.
//!
//! Series take their hues from the set of Okabe and Ito, which people with any common colour blindness can tell apart;
//! states were chosen by the same test, with the calm one for what runs. All colours are opaque: tints are mixed by hand, so that no format needs to blend.

/// An opaque colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

/// The background.
pub(super) const PAPER: Rgb = Rgb(255, 255, 255);
/// Titles and figures that matter.
pub(super) const INK: Rgb = Rgb(27, 31, 36);
/// Subtitles, axis labels, notes.
pub(super) const MUTED: Rgb = Rgb(91, 100, 112);
/// The zero line and the date axis.
pub(super) const AXIS: Rgb = Rgb(122, 130, 142);
/// Lines that only guide the eye.
pub(super) const GRID: Rgb = Rgb(229, 232, 236);

/// Series of a stack, from the bottom up.
pub(super) const SERIES: [Rgb; 8] = [
    Rgb(0, 114, 178),
    Rgb(86, 180, 233),
    Rgb(0, 158, 115),
    Rgb(230, 159, 0),
    Rgb(204, 121, 167),
    Rgb(213, 94, 0),
    Rgb(240, 220, 80),
    Rgb(60, 50, 110),
];
/// The series that stands for all the rest.
pub(super) const REST: Rgb = Rgb(203, 208, 214);

/// The line that others are held against.
pub(super) const BASE: Rgb = Rgb(70, 76, 84);
/// The other lines, in the order of their names.
pub(super) const LINES: [Rgb; 6] = [
    Rgb(0, 114, 178),
    Rgb(213, 94, 0),
    Rgb(0, 158, 115),
    Rgb(204, 121, 167),
    Rgb(230, 159, 0),
    Rgb(86, 180, 233),
];

/// The line of the balance.
pub(super) const BALANCE: Rgb = Rgb(0, 114, 178);
/// The alert line and its name.
pub(super) const ALERT: Rgb = Rgb(190, 76, 0);
/// Days on which the balance is too low.
pub(super) const ALERT_TINT: Rgb = Rgb(252, 235, 222);

/// Paid for.
pub(super) const RUNNING: Rgb = Rgb(136, 196, 180);
/// Expired and unpaid, and renewals that failed.
pub(super) const OVERDUE: Rgb = Rgb(242, 183, 40);
/// Stopped for arrears.
pub(super) const STOPPED: Rgb = Rgb(132, 72, 158);
/// In the recycle bin.
pub(super) const RECLAIMED: Rgb = Rgb(205, 84, 0);
/// Gone for good.
pub(super) const TERMINATED: Rgb = Rgb(98, 104, 114);

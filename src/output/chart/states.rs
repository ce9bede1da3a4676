//! Instances by state: how many there are in each state on each day, stacked.
//! Never counts anything: the counts are the caller's. The states of an instance, with their names and colours for all
//! charts, are here as well.

use chrono::NaiveDate;

use super::amount::{Scale, exact};
use super::axis::DateAxis;
use super::canvas::{Area, Canvas, Shape, WIDTH};
use super::encode::encode;
use super::frame::{self, FOOT, HEIGHT, LEGEND_WIDTH, LegendRow, MARGIN, TOP, ValueAxis};
use super::palette::{OVERDUE, RECLAIMED, RUNNING, Rgb, STOPPED, TERMINATED};
use super::{ChartError, Format};

/// The state of an instance, as in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartState {
    /// Paid for and usable.
    Running,
    /// Expired, not paid for, still usable.
    Overdue,
    /// Postpaid, stopped for arrears.
    Stopped,
    /// In the recycle bin.
    Reclaimed,
    /// Gone for good.
    Terminated,
}

impl ChartState {
    /// All states, from the bottom of a stack to its top.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Overdue,
        Self::Stopped,
        Self::Reclaimed,
        Self::Terminated,
    ];

    /// The name as in the ledger.
    pub fn caption(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Overdue => "overdue",
            Self::Stopped => "stopped",
            Self::Reclaimed => "reclaimed",
            Self::Terminated => "terminated",
        }
    }

    pub(super) fn colour(self) -> Rgb {
        match self {
            Self::Running => RUNNING,
            Self::Overdue => OVERDUE,
            Self::Stopped => STOPPED,
            Self::Reclaimed => RECLAIMED,
            Self::Terminated => TERMINATED,
        }
    }
}

/// How many instances are in each state at the end of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Instances that are `running`.
    pub running: u32,
    /// Instances that are `overdue`.
    pub overdue: u32,
    /// Instances that are `stopped`.
    pub stopped: u32,
    /// Instances that are `reclaimed`.
    pub reclaimed: u32,
    /// Instances that have been `terminated` so far.
    pub terminated: u32,
}

impl StateCounts {
    fn count_in(self, state: ChartState) -> i128 {
        i128::from(match state {
            ChartState::Running => self.running,
            ChartState::Overdue => self.overdue,
            ChartState::Stopped => self.stopped,
            ChartState::Reclaimed => self.reclaimed,
            ChartState::Terminated => self.terminated,
        })
    }

    fn total(self) -> i128 {
        ChartState::ALL
            .into_iter()
            .map(|state| self.count_in(state))
            .sum()
    }

    /// The counts of all states below this one in the stack.
    fn below(self, state: ChartState) -> i128 {
        let states = ChartState::ALL
            .into_iter()
            .take_while(|&other| other != state);
        states.map(|other| self.count_in(other)).sum()
    }
}

/// Instances over time, stacked by state.
#[derive(Clone, Debug)]
pub struct InstancesByState {
    /// What the chart shows, such as `Instances by state`.
    pub title: String,
    /// Where and when: book, account, first and last day.
    pub subtitle: String,
    /// Counts at the end of a day, ascending by day; they hold until the next point. The last point ends the chart.
    pub days: Vec<(NaiveDate, StateCounts)>,
}

impl InstancesByState {
    /// The picture in a file format.
    ///
    /// # Errors
    /// Only if the drawing backend or the encoder fails.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, ChartError> {
        encode(&self.lay_out(), format)
    }

    fn lay_out(&self) -> Canvas {
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else {
            return frame::no_data(&self.title, &self.subtitle, "no data");
        };
        let mut canvas = frame::open_canvas(&self.title, &self.subtitle, HEIGHT);
        frame::caption(&mut canvas, "instances at the end of the day", &[]);
        let values = self.axis();
        let plot = Area {
            left: values.left(),
            top: values.top,
            right: WIDTH - MARGIN - LEGEND_WIDTH - 28.0,
            bottom: values.bottom,
        };
        let axis = DateAxis::new(first.0, last.0, plot.left, plot.right);
        values.grid(&mut canvas, plot.left, plot.right);
        frame::dates(&mut canvas, &axis, plot);
        for state in self.seen() {
            let columns = self.columns(state, &axis, &values);
            canvas.push(Shape::Columns(columns, state.colour()));
        }
        values.zero(&mut canvas, plot.left, plot.right);
        self.legend(&mut canvas);
        canvas
    }

    fn axis(&self) -> ValueAxis {
        let most = self.days.iter().map(|(_, counts)| counts.total()).max();
        ValueAxis {
            scale: Scale::new(0, most.unwrap_or(0), 8, 0),
            top: TOP + 4.0,
            bottom: HEIGHT - FOOT,
        }
    }

    /// The states that occur, from the bottom up.
    fn seen(&self) -> impl DoubleEndedIterator<Item = ChartState> {
        let occurs = |state: &ChartState| {
            self.days
                .iter()
                .any(|(_, counts)| counts.count_in(*state) > 0)
        };
        ChartState::ALL.into_iter().filter(occurs)
    }

    fn columns(&self, state: ChartState, axis: &DateAxis, values: &ValueAxis) -> Vec<Area> {
        let column = |(left, right, counts): (f64, f64, StateCounts)| Area {
            left,
            top: values.y(counts.below(state) + counts.count_in(state)),
            right,
            bottom: values.y(counts.below(state)),
        };
        axis.runs(&self.days).into_iter().map(column).collect()
    }

    /// Rows in the order in which the states are seen, from the top down.
    fn legend(&self, canvas: &mut Canvas) {
        let area = Area {
            left: WIDTH - MARGIN - LEGEND_WIDTH,
            top: TOP,
            right: WIDTH - MARGIN,
            bottom: HEIGHT - 20.0,
        };
        let row = |state: ChartState| {
            let counts = || self.days.iter().map(|(_, counts)| counts.count_in(state));
            let end = exact(counts().next_back().unwrap_or(0), 0);
            let most = exact(counts().max().unwrap_or(0), 0);
            LegendRow {
                colour: state.colour(),
                label: state.caption().to_owned(),
                detail: format!("{end} at the end, at most {most}"),
            }
        };
        frame::legend(
            canvas,
            area,
            &self.seen().rev().map(row).collect::<Vec<_>>(),
        );
    }
}

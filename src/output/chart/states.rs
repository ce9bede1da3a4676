//! Instances by state: how many there are in each state on each day, stacked. Never counts anything: the counts are the
//! caller's. The colours of the states, for all charts, are here as well.

use super::amount::{Scale, exact};
use super::axis::{DateAxis, Stretch};
use super::canvas::{Area, Canvas, Shape};
use super::frame::{self, FOOT, HEIGHT, LEFT_OF_LEGEND, LegendRow, TOP, ValueAxis};
use super::palette::{OVERDUE, RECLAIMED, RUNNING, Rgb, STOPPED, TERMINATED};
use super::{Chart, ChartHeading};
use crate::model::calendar::Day;
use crate::model::instance::State;

/// All states, from the bottom of a stack to its top.
pub(super) const STACK: [State; 5] = [
    State::Running,
    State::Overdue,
    State::Stopped,
    State::Reclaimed,
    State::Terminated,
];

/// The colour of a state.
pub(super) fn state_colour(state: State) -> Rgb {
    match state {
        State::Running => RUNNING,
        State::Overdue => OVERDUE,
        State::Stopped => STOPPED,
        State::Reclaimed => RECLAIMED,
        State::Terminated => TERMINATED,
    }
}

/// How many instances are in each state at the end of a day, by the number of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts([u32; STACK.len()]);

impl StateCounts {
    /// The instances in a state.
    pub fn of_state(&mut self, state: State) -> &mut u32 {
        &mut self.0[state as usize]
    }

    fn count_in(self, state: State) -> i128 {
        self.0[state as usize].into()
    }

    /// The counts of all states below this one in the stack.
    fn below(self, state: State) -> i128 {
        let states = STACK.into_iter().take_while(|other| *other != state);
        states.map(|other| self.count_in(other)).sum()
    }
}

/// Instances over time, stacked by state.
#[derive(Clone, Debug)]
pub struct InstancesByState {
    /// What the chart shows.
    pub heading: ChartHeading,
    /// Counts at the end of a day, ascending by day; they hold until the next point. The last point ends the chart.
    pub days: Vec<(Day, StateCounts)>,
}

impl Chart for InstancesByState {
    fn lay_out(&self) -> Canvas {
        let (Some(first), Some(last)) = (self.days.first(), self.days.last()) else {
            return self.heading.no_data("no data");
        };
        let mut canvas = self.heading.open_canvas(HEIGHT);
        frame::caption(&mut canvas, "instances at the end of the day", &[]);
        let values = self.axis();
        let plot = Area {
            left: values.left(),
            top: values.top,
            right: LEFT_OF_LEGEND,
            bottom: values.bottom,
        };
        let axis = DateAxis::new(first.0, last.0, plot.left, plot.right);
        values.grid(&mut canvas, plot.left, plot.right);
        frame::dates(&mut canvas, &axis, plot);
        let stretches = axis.stretches(&self.days);
        for state in self.seen() {
            let columns = stretches
                .iter()
                .map(|stretch| column(stretch, state, &values));
            canvas.push(Shape::Columns(columns.collect(), state_colour(state)));
        }
        values.zero(&mut canvas, plot.left, plot.right);
        // In the order in which the states are seen, from the top down.
        let legend: Vec<_> = self
            .seen()
            .rev()
            .map(|state| self.legend_row(state))
            .collect();
        frame::legend(&mut canvas, frame::legend_area(TOP), &legend);
        canvas
    }
}

impl InstancesByState {
    fn axis(&self) -> ValueAxis {
        let totals = self
            .days
            .iter()
            .map(|(_, counts)| counts.0.iter().sum::<u32>().into());
        ValueAxis {
            scale: Scale::with_zero(totals, 8, 0),
            top: TOP + 4.0,
            bottom: HEIGHT - FOOT,
        }
    }

    /// How many instances are in a state, day by day.
    fn counts(&self, state: State) -> impl DoubleEndedIterator<Item = i128> {
        self.days
            .iter()
            .map(move |(_, counts)| counts.count_in(state))
    }

    /// The states that occur, from the bottom up.
    fn seen(&self) -> impl DoubleEndedIterator<Item = State> {
        let states = STACK.into_iter();
        states.filter(|state| self.counts(*state).any(|count| count > 0))
    }

    fn legend_row(&self, state: State) -> LegendRow {
        let end = exact(self.counts(state).next_back().unwrap_or(0), 0);
        let most = exact(self.counts(state).max().unwrap_or(0), 0);
        LegendRow {
            colour: state_colour(state),
            label: state.name().to_owned(),
            detail: format!("{end} at the end, at most {most}"),
        }
    }
}

fn column(stretch: &Stretch<StateCounts>, state: State, values: &ValueAxis) -> Area {
    let below = stretch.value.below(state);
    Area {
        left: stretch.left,
        top: values.y(below + stretch.value.count_in(state)),
        right: stretch.right,
        bottom: values.y(below),
    }
}

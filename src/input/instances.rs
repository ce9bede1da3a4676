//! `instances.csv`: the inventory, read in parts on all processors and put together in file order. What a row says is in
//! `row`, where it leaves an instance at the opening in `opening`.

mod opening;
mod row;

use crate::parallel::prelude::*;

use super::prices::Prices;
use super::scenario::Edit;
use super::settings::Settings;
use super::table::{CellReader, CsvRow, CsvTable, KnownColumns, TableChunk, columns};
use super::value::shown;
use crate::input::diagnostic::Diagnostics;
use crate::model::account::Account;
use crate::model::id::{FurtherLabels, InstanceId, Labels};
use crate::model::instance::{Instance, InstanceIndex};
use crate::model::profile::Profile;
use crate::model::selector::Column;
use row::{InstanceReader, NeighbourState};

pub(super) const FILE: &str = "instances.csv";

// The slots follow the order of `Column::NAMES`.
columns!(@slots 0;
    INSTANCE_ID ACCOUNT_ID PRODUCT INSTANCE_TYPE REGION ZONE PROJECT NAME CHARGE_TYPE RENEW_FLAG RENEW_MONTHS
    MONTHLY_PRICE HOURLY_PRICE STARTS_ON EXPIRES_ON ANCHOR_DAY STATE SINCE PRIORITY RETURNED STOPPED_BY BILLED_HOURS
    DOWNGRADES
);
const _: () = assert!(
    DOWNGRADES + 1 == Column::NAMES.len(),
    "every column of the inventory has a slot"
);

pub(super) const COLUMNS: KnownColumns = KnownColumns {
    names: Column::NAMES,
    required: &[INSTANCE_ID, ACCOUNT_ID, CHARGE_TYPE],
    tags: true,
    ids: &[INSTANCE_ID, ACCOUNT_ID, PRODUCT, INSTANCE_TYPE, REGION],
    prices: &[MONTHLY_PRICE, HOURLY_PRICE],
};

/// What the rows refer to.
#[derive(Clone, Copy)]
pub(super) struct InventoryContext<'c> {
    pub settings: &'c Settings,
    pub profiles: &'c [Profile],
    pub accounts: &'c [Account],
    pub prices: &'c Prices<'c>,
}

/// Instances of rows that no scenario changed, by the byte where the row starts, in file order.
pub(super) type UnchangedRows = Vec<(usize, Instance)>;

/// A row of the inventory that could be read, while it is at hand.
pub(super) struct ReadRow<'r, 'f> {
    pub row: &'r CsvRow<'r, 'f>,
    pub instance: &'r Instance,
    pub labels: &'r FurtherLabels<'r>,
}

/// The inventory, before it is read.
pub(super) struct Inventory<'i> {
    pub table: &'i CsvTable<'i>,
    pub edits: &'i [Edit],
    pub context: InventoryContext<'i>,
    /// What was read before: such rows are not read again.
    pub known: Option<&'i UnchangedRows>,
    /// Whether unchanged rows are kept for another reading.
    pub keeps: bool,
}

/// What a part of the inventory holds.
struct InventoryChunk {
    instances: Vec<Instance>,
    /// Where their rows start.
    starts: Vec<usize>,
    /// The labels that it adds.
    labels: Labels,
    /// The positions of the instances to keep.
    unchanged: Vec<usize>,
}

impl Inventory<'_> {
    /// The instances by id, and those of unchanged rows where they are kept. `review` sees each with its row.
    pub(super) fn read_instances(
        &self,
        labels: &mut Labels,
        diagnostics: &mut Diagnostics,
        review: impl Fn(ReadRow<'_, '_>, &mut Diagnostics) + Sync,
    ) -> (Vec<Instance>, UnchangedRows) {
        let (before, errors) = (labels.clone(), diagnostics.errors());
        let (mut instances, mut unchanged) = (Vec::new(), UnchangedRows::new());
        self.table.parts(
            diagnostics,
            |part, diagnostics| self.read_chunk(part, &before, diagnostics, &review),
            |mut chunk: InventoryChunk| {
                let adopted = labels.adopt(&chunk.labels, &before);
                for instance in &mut chunk.instances {
                    instance.labels.replace(|label| adopted.label(label));
                }
                let kept = chunk.unchanged.iter();
                unchanged.extend(kept.map(|at| (chunk.starts[*at], chunk.instances[*at].clone())));
                instances.append(&mut chunk.instances);
            },
        );
        self.edits
            .iter()
            .for_each(|edit| edit.report_hits(diagnostics));
        if !is_sorted(&instances) {
            instances.par_sort_unstable_by(|left, right| left.id.cmp(&right.id));
            if !is_sorted(&instances) {
                self.report_duplicates(&before, diagnostics);
            }
        }
        self.table.report_whole(errors, diagnostics);
        instances.shrink_to_fit();
        (instances, unchanged)
    }

    fn read_chunk(
        &self,
        part: TableChunk<'_, '_>,
        labels: &Labels,
        diagnostics: &mut Diagnostics,
        review: impl Fn(ReadRow<'_, '_>, &mut Diagnostics),
    ) -> InventoryChunk {
        let mut neighbour = NeighbourState {
            labels: FurtherLabels::behind(labels),
            account: None,
        };
        let lines = part.lines();
        let (mut instances, mut starts) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
        let mut unchanged = Vec::new();
        part.rows(diagnostics, |mut row, diagnostics| {
            self.edits.iter().for_each(|edit| edit.apply(&mut row));
            if let Some(instance) = self.find_known(&row) {
                instances.push(instance.clone());
                starts.push(row.start());
                return;
            }
            let errors = diagnostics.errors();
            let mut reader = InstanceReader {
                cells: CellReader {
                    row: &row,
                    diagnostics: &mut *diagnostics,
                },
                context: self.context,
                neighbour: &mut neighbour,
            };
            let Some(instance) = reader.read_instance(self.table.tag_keys().len()) else {
                return;
            };
            let read = ReadRow {
                row: &row,
                instance: &instance,
                labels: &neighbour.labels,
            };
            review(read, diagnostics);
            if self.keeps && row.is_unchanged() && diagnostics.errors() == errors {
                unchanged.push(instances.len());
            }
            instances.push(instance);
            starts.push(row.start());
        });
        InventoryChunk {
            instances,
            starts,
            labels: neighbour.labels.into_added(),
            unchanged,
        }
    }

    /// What was read before of a row that no scenario changed.
    fn find_known(&self, row: &CsvRow<'_, '_>) -> Option<&Instance> {
        let rows = self.known.filter(|_| row.is_unchanged())?;
        let at = rows.binary_search_by_key(&row.start(), |(start, _)| *start);
        Some(&rows[at.ok()?].1)
    }

    /// Reports duplicate ids. Only now are their rows looked for: a sound inventory needs no places.
    fn report_duplicates(&self, labels: &Labels, diagnostics: &mut Diagnostics) {
        let mut ids: Vec<(InstanceId, usize)> = Vec::new();
        self.table.parts(
            &mut Diagnostics::default(),
            |part, found| self.read_chunk(part, labels, found, |_, _| ()),
            |chunk| {
                let of_chunk = chunk.instances.into_iter().map(|instance| instance.id);
                ids.extend(of_chunk.zip(chunk.starts));
            },
        );
        ids.sort_unstable();
        for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            let what = format!("instance {}", shown(pair[0].0.as_str()));
            self.table
                .report_duplicate(&what, [pair[0].1, pair[1].1], INSTANCE_ID, diagnostics);
        }
    }
}

fn is_sorted(instances: &[Instance]) -> bool {
    instances.par_windows(2).all(|pair| pair[0].id < pair[1].id)
}

/// The instance with this id, among instances by id.
pub(super) fn find_instance(id: &str, instances: &[Instance]) -> Option<InstanceIndex> {
    let at = instances.binary_search_by(|instance| instance.id.as_str().cmp(id));
    u32::try_from(at.ok()?).ok().map(InstanceIndex)
}

/// The ids of instances, to compare a misspelt one with.
pub(super) fn ids_of<'i>(
    instances: impl Iterator<Item = &'i Instance> + Clone,
) -> impl Iterator<Item = &'i str> + Clone {
    instances.map(|instance| instance.id.as_str())
}

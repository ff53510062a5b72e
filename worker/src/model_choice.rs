//! The best of the models that are there: `model = "auto"`.
//!
//! Which models there are, how they compare and what each costs is in the catalogue of `scripts/fetch-model`, which
//! follows the same rule when it chooses what to fetch.

use std::fs;

use crate::ModelFolder;

/// Name, megabytes, cost and checksum of each model, the most preferred last.
const CATALOGUE: &str = include_str!("../../scripts/models/catalogue.tsv");

/// What is chosen where nothing is there, so that errors name a model that can be fetched anywhere.
const FALLBACK: &str = "base-q8_0";

/// The highest cost that one core bears: a report of three minutes is then heard within about half a minute, with
/// all cores (*base* takes 0.05 s for a second of speech on a core of 2020).
const COST_PER_CORE: f64 = 3.7;

/// A recognition may take this part of the memory: children that transcode, the database and the rest of the machine
/// need the other.
const MEMORY_SHARE: f64 = 0.5;

/// What a recognition takes besides its weights, in megabytes: half as much again for its buffers, and so much for
/// the audio and the process.
const BUFFERS: f64 = 1.5;
const OVERHEAD_MB: f64 = 500.0;

/// A quick first pass is worth its while if the better model costs so many times as much.
const WORTH_TWO_PASSES: f64 = 2.0;

/// A model of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownModel {
    /// Its name: `base-q8_0` is the file `ggml-base-q8_0.bin`.
    pub name: &'static str,
    /// The size of its file.
    pub megabytes: u32,
    /// The processor time that it takes, as a multiple of what *base* takes.
    pub cost: f64,
}

/// What there is to recognise with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// Cores for all heavy work together.
    pub cores: u32,
    /// Memory of this machine, or of the container, in megabytes.
    pub memory_mb: u32,
}

impl Machine {
    /// This one, of which so many cores may be used.
    pub fn here(cores: u32) -> Self {
        let info = rustix::system::sysinfo();
        // The types differ between platforms.
        let total = u128::from(info.totalram) * u128::from(info.mem_unit.max(1));
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
        let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
        let megabytes = limit.map_or(total, |limit| limit.min(total)) >> 20;
        Self { cores, memory_mb: u32::try_from(megabytes).unwrap_or(u32::MAX) }
    }

    /// Whether the model leaves enough memory to others.
    pub fn has_memory_for(self, model: &KnownModel) -> bool {
        let needed = f64::from(model.megabytes) * BUFFERS + OVERHEAD_MB;
        needed <= f64::from(self.memory_mb) * MEMORY_SHARE
    }

    /// Whether the model is quick enough.
    pub fn is_quick_enough_for(self, model: &KnownModel) -> bool {
        model.cost <= f64::from(self.cores) * COST_PER_CORE
    }

    fn bears(self, model: &KnownModel) -> bool {
        self.has_memory_for(model) && self.is_quick_enough_for(model)
    }
}

/// All models of the catalogue, the most preferred last.
pub fn catalogue() -> impl DoubleEndedIterator<Item = KnownModel> {
    CATALOGUE.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let name = fields.next().filter(|name| !name.starts_with('#'))?;
        let megabytes = fields.next()?.parse().ok()?;
        Some(KnownModel { name, megabytes, cost: fields.next()?.parse().ok()? })
    })
}

impl ModelFolder {
    /// Those of the catalogue that are in this folder, the most preferred last.
    pub fn known(&self) -> Vec<KnownModel> {
        catalogue().filter(|model| self.file_of(model.name).is_file()).collect()
    }

    /// The name of the most preferred model in this folder, of those that the machine bears; or else of the one that
    /// costs least.
    pub fn best(&self, machine: Machine) -> &'static str {
        let there = self.known();
        let best = there.iter().rfind(|model| machine.bears(model));
        let least = || there.iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
        best.or_else(least).map_or(FALLBACK, |model| model.name)
    }

    /// The name of the model in this folder for a quick first pass before `model`, if there is one that costs much
    /// less and that is good enough to be read: *base* or better.
    pub fn quick_before(&self, model: &str) -> Option<&'static str> {
        let cost = catalogue().find(|known| known.name == model)?.cost;
        let readable = |known: &KnownModel| known.cost >= 1.0;
        let quick = |known: &KnownModel| known.cost * WORTH_TWO_PASSES <= cost;
        // The least cost, and of those the most preferred.
        let found = self.known().into_iter().filter(|known| readable(known) && quick(known)).rev();
        found.min_by(|a, b| a.cost.total_cmp(&b.cost)).map(|known| known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> (tempfile::TempDir, ModelFolder) {
        let folder = tempfile::tempdir().unwrap();
        let models = ModelFolder { folder: folder.path().to_owned() };
        for name in names {
            fs::write(models.file_of(name), "").unwrap();
        }
        (folder, models)
    }

    #[test]
    fn the_catalogue_is_read_and_every_model_fits_a_large_machine() {
        let all: Vec<_> = catalogue().collect();
        assert!(all.len() > 15);
        let large = Machine { cores: 64, memory_mb: 64_000 };
        assert!(all.iter().all(|model| large.bears(model)), "{all:?}");
        assert!(all.iter().any(|model| model.name == FALLBACK));
    }

    #[test]
    fn the_best_that_the_machine_bears_is_chosen() {
        let (_kept, models) =
            folder(&["tiny", "base-q8_0", "small-q8_0", "medium-q8_0", "large-v3-turbo-q8_0"]);
        let best = |cores, memory_mb| models.best(Machine { cores, memory_mb });
        assert_eq!(best(1, 1_500), "base-q8_0");
        assert_eq!(best(2, 4_000), "small-q8_0");
        assert_eq!(best(4, 16_000), "large-v3-turbo-q8_0");
        // Many cores and less memory.
        assert_eq!(best(4, 3_600), "medium-q8_0");
        assert_eq!(best(16, 2_000), "small-q8_0");
        // Not even the least fits: something must be used.
        assert_eq!(best(1, 100), "tiny");
    }

    #[test]
    fn what_is_unknown_or_missing_is_not_chosen() {
        let (_kept, models) = folder(&["of-my-own", "small-rough"]);
        let machine = Machine { cores: 8, memory_mb: 16_000 };
        assert_eq!(models.best(machine), "base-q8_0");
        let (_kept, models) = folder(&["base-q8_0", "of-my-own"]);
        assert_eq!(models.best(machine), "base-q8_0");
    }

    #[test]
    fn a_quick_pass_is_by_a_model_that_can_be_read_and_costs_much_less() {
        let (_kept, models) = folder(&["tiny", "base-q8_0", "small-q8_0", "large-v3"]);
        assert_eq!(models.quick_before("small-q8_0"), Some("base-q8_0"));
        assert_eq!(models.quick_before("large-v3"), Some("base-q8_0"));
        assert_eq!(models.quick_before("base-q8_0"), None);
        assert_eq!(models.quick_before("of-my-own"), None);
        let (_kept, models) = folder(&["tiny", "small-q8_0"]);
        assert_eq!(models.quick_before("small-q8_0"), None);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(Machine::here(2).memory_mb > 100);
    }
}

//! The pipeline of a submission: four job kinds and what each waits for.

use super::job::Urgency;
use super::names::names;

/// One step of the pipeline. Its name is the kind of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Probe, checksum, 16 kHz audio, poster, written text.
    Ingest,
    /// The web-playable rendition.
    Transcode,
    /// Speech to text.
    Transcribe,
    /// The `BagIt` bag.
    Archive,
}

names!(Stage, "stage", {
    Ingest = "ingest",
    Transcode = "transcode",
    Transcribe = "transcribe",
    Archive = "archive",
});

impl Stage {
    /// The stages that must be done before this one may start.
    pub const fn needs(self) -> &'static [Self] {
        match self {
            Self::Ingest => &[],
            Self::Transcode | Self::Transcribe => &[Self::Ingest],
            Self::Archive => &[Self::Transcode, Self::Transcribe],
        }
    }

    /// How urgent it is. Ingest tells an activist at once that a file is no good; archive ends what
    /// is nearly done; text is what readers wait for.
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::Ingest => Urgency::Highest,
            Self::Archive => Urgency::High,
            Self::Transcribe => Urgency::Normal,
            Self::Transcode => Urgency::Low,
        }
    }

    /// The stage that whoever ends this one, as the last that it waited for, continues with at once.
    /// Archive is short and ends the submission; anything longer would keep more urgent jobs waiting.
    pub const fn continues_with(self) -> Option<Self> {
        match self {
            Self::Transcode | Self::Transcribe => Some(Self::Archive),
            Self::Ingest | Self::Archive => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_queues_of_their_own() {
        let mut urgencies: Vec<_> = Stage::ALL.iter().map(|stage| stage.urgency()).collect();
        urgencies.sort();
        urgencies.dedup();
        assert_eq!(urgencies.len(), Stage::ALL.len());
    }

    #[test]
    fn transcode_and_transcribe_do_not_need_each_other() {
        assert_eq!(Stage::Transcode.needs(), [Stage::Ingest]);
        assert_eq!(Stage::Transcribe.needs(), [Stage::Ingest]);
    }
}

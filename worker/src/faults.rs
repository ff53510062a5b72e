//! Planned failure points: places between claim and commit at which a test stops a worker.
//!
//! In builds with the feature `test-support`, `HUIBAO_FAULT=kill:worked:transcribe` kills the process the
//! first time that it gets there; `stop:…` stops it as SIGSTOP does, until somebody continues it. Other
//! builds have no such points.

/// Where a worker can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The job is claimed, nothing is done.
    Claimed,
    /// The stage's outputs are stored, nothing is committed.
    Worked,
    /// All is committed, nothing is published.
    Committed,
}

#[cfg(feature = "test-support")]
pub(crate) use planned::reached;

/// Does nothing.
#[cfg(not(feature = "test-support"))]
pub(crate) fn reached(_: Point, _: &str) -> std::future::Ready<()> {
    std::future::ready(())
}

#[cfg(feature = "test-support")]
mod planned {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    impl Point {
        const fn as_str(self) -> &'static str {
            match self {
                Self::Claimed => "claimed",
                Self::Worked => "worked",
                Self::Committed => "committed",
            }
        }
    }

    struct Fault {
        signal: Signal,
        place: String,
        spent: AtomicBool,
    }

    static FAULT: LazyLock<Option<Fault>> = LazyLock::new(|| {
        let text = std::env::var("HUIBAO_FAULT").ok()?;
        let (what, place) = text.split_once(':')?;
        let signal = match what {
            "kill" => Signal::KILL,
            "stop" => Signal::STOP,
            _ => return None,
        };
        Some(Fault { signal, place: place.to_owned(), spent: AtomicBool::new(false) })
    });

    /// Says that a job of a kind got to a point.
    pub(crate) async fn reached(point: Point, kind: &str) {
        let Some(fault) = &*FAULT else { return };
        let here = format!("{}:{kind}", point.as_str());
        if fault.place != here || fault.spent.swap(true, Ordering::Relaxed) {
            return;
        }
        // An error would mean that this process does not exist.
        let _ = kill_process(getpid(), fault.signal);
        // A stop takes effect at once on this thread or a moment later.
        tokio::task::yield_now().await;
    }
}

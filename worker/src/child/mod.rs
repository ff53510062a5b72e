//! Native code in child processes: media parsing, document parsing and recognition run in child processes
//! of the same binary.
//!
//! The parent writes `ChildCommand`s as lines of JSON to the child's standard input and keeps it open; the
//! child writes `ChildMessage` lines to standard output, the last of each request with its result. When its
//! standard input closes, the parent has ended or does not need it any more, and the child exits.
//!
//! Parent: `supervisor` runs a child and `calls` holds its open requests; `model_pool` keeps children that
//! have loaded a model, each with an `inbox`. Child: `entry` is the request loop, `recognitions` run in its threads, `outbox` writes
//! messages, `limits` and `confinement` are what the process sets for itself.

mod calls;
pub mod confinement;
mod entry;
mod inbox;
mod launch;
mod limits;
mod model_pool;
mod outbox;
mod protocol;
mod recognitions;
mod supervisor;

pub use entry::child_main;
pub use model_pool::{LoadedModel, ModelPool};
pub use protocol::{
    CHILD_ARGUMENT, ChildOutput, ChildRequest, ChildTask, FileTask, GIB, ResourceLimits,
    TranscribeTask, unexpected,
};
pub use supervisor::{ChildEvents, run_child};

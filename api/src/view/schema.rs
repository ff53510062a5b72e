//! Schemas of enums that belong to `huibao_models`, which knows nothing of OpenAPI.

use huibao_models::domain::job::{JobState, Stage};
use huibao_models::domain::report::ReportState;
use huibao_models::domain::transcript::{SegmentFlag, TranscriptOrigin};
use serde::Serialize;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};

pub(crate) fn report_state() -> Object {
    use ReportState::{Failed, Processing, Ready, Submitted};
    one_of(&[Submitted, Processing, Ready, Failed])
}

pub(crate) fn stage() -> Object {
    one_of(&Stage::ALL)
}

pub(crate) fn job_state() -> Object {
    use JobState::{Dead, Done, Queued, Running, Waiting};
    one_of(&[Waiting, Queued, Running, Done, Dead])
}

pub(crate) fn segment_flags() -> Array {
    use SegmentFlag::{KnownPhantom, Repetition, SetAside, Unclear};
    ArrayBuilder::new().items(one_of(&[Unclear, KnownPhantom, Repetition, SetAside])).build()
}

pub(crate) fn transcript_origin() -> Object {
    use TranscriptOrigin::{Correction, Raw, Recognition};
    one_of(&[Raw, Recognition, Correction])
}

/// The values as they are sent.
fn one_of<T: Serialize>(values: &[T]) -> Object {
    let names = values.iter().filter_map(|value| serde_json::to_value(value).ok());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

//! Named schemas of the enums of `huibao_models`, which knows no `OpenAPI`.

use std::borrow::Cow;

use huibao_models::domain::failure::FailureCode;
use huibao_models::domain::job;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::{
    access, audit, channel, comparison, export, notice, person, report, review, round, scope,
    search, transcript,
};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::request_error::RequestError;

macro_rules! enum_schemas {
    ($($(#[doc = $doc:literal])* $name:ident = $values:expr;)*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    one_of(concat!($($doc),*).trim(), &$values)
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }
        )*
    };
}

enum_schemas! {
    /// State of a report: how far processing is, as long as nobody reviews it.
    ReportState = report::VisibleState::ALL;
    /// What a report is about.
    ReportKind = report::ReportKind::ALL;
    /// What a token may be used for.
    TokenScope = scope::Scope::ALL;
    /// How a passage of one text stands to the other: `same` words, `otherwise` put, `only` there, or the same words
    /// `moved` to another place.
    Agreement = {
        use comparison::Agreement::{Moved, Only, Otherwise, Same};
        [Same, Otherwise, Only, Moved]
    };
    /// Whose reports a list shows: one's `own`, those of `others`, or of one's `contacts`.
    Whose = access::Whose::ALL;
    /// Where a text of a report comes from: its title and names (`about`), what was said, or what was written.
    TextSource = search::TextSource::ALL;
    /// What a reviewer decides.
    Verdict = review::Verdict::ALL;
    /// What somebody is told of.
    NoticeEvent = notice::NoticeEvent::ALL;
    /// How far the mail of a notice is.
    MailState = notice::MailState::ALL;
    /// When somebody wants mail: of others' reports, there is a digest at the most.
    MailMode = notice::MailMode::ALL;
    /// How a channel wants to be spoken to.
    ChannelKind = channel::ChannelKind::ALL;
    /// What an export is made as: of a report `docx` or `pdf`, of a round `archive` or `table`.
    ExportFormat = export::ExportFormat::ALL;
    /// How somebody stands in a round.
    Standing = round::Standing::ALL;
    /// What the audit log tells of. Later versions have more.
    AuditAction = audit::AuditAction::ALL;
    /// What a person is in a branch.
    Role = person::Role::ALL;
    /// A stage of the pipeline.
    StageName = Stage::ALL;
    /// State of a job.
    JobState = job::JobState::ALL;
    /// A reason to check a segment.
    SegmentFlag = {
        use transcript::SegmentFlag::{KnownPhantom, Repetition, SetAside, Unclear};
        [Unclear, KnownPhantom, Repetition, SetAside]
    };
    /// Origin of a version of a transcript.
    TranscriptOrigin = transcript::TranscriptOrigin::ALL;
    /// Stable code of a failure.
    ErrorCode = {
        let request = RequestError::ALL.iter().map(|error| error.code());
        request.chain(FailureCode::ALL.iter().map(|code| code.as_str())).collect::<Vec<_>>()
    };
}

/// A string with these values, as they are serialised.
fn one_of<T: Serialize>(description: &str, values: &[T]) -> RefOr<Schema> {
    let names = values.iter().filter_map(|value| serde_json::to_value(value).ok());
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(names));
    object.build().into()
}

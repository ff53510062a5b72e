//! Traces: all spans about a submission are one trace, whichever processes they come from.
//!
//! A trace's id has 128 bits and so has a submission's, so they are the same: whoever knows the
//! submission finds its trace, and no context has to travel with rows and messages.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::domain::ids::SubmissionId;

/// Makes a span, which must not have been entered yet, part of the trace of a submission. Does nothing
/// where spans are not exported.
pub fn join_submission(span: &Span, submission: SubmissionId) {
    let id = submission.uuid().as_u128();
    // The parent is nobody's span. Its id only must not be zero; the lower half is random.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    let parent = SpanId::from((id as u64).max(1));
    let (trace, state) = (TraceId::from(id), TraceState::default());
    let context = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, state);
    // An error says that nothing exports spans, or that the span has begun: it then stays in its trace.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

//! The server-sent events of a report.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::ReportUpdateView;
use super::report::ReportView;

/// A server-sent event: `event` is the event's name, `data` its data as JSON.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum ReportEvent {
    /// The report as it is now. Sent first, and after every change that no `update` tells of.
    Report(Box<ReportView>),
    /// What has changed since the event before. Sent with `follow` alone.
    Update(ReportUpdateView),
    /// No further change is expected. Clients close the stream; browsers would reconnect.
    End(EndOfEvents),
}

impl ReportEvent {
    /// Name of the event that carries a report.
    pub const REPORT: &str = "report";
    /// Name of the event that carries what has changed.
    pub const UPDATE: &str = "update";
    /// Name of the last event.
    pub const END: &str = "end";
}

/// The data of the last event: an empty object.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EndOfEvents {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_schema() {
        let end = serde_json::to_value(ReportEvent::End(EndOfEvents {})).unwrap();
        assert_eq!(end, serde_json::json!({ "event": ReportEvent::END, "data": {} }));
        let update = ReportUpdateView { fields: serde_json::Map::new(), transcript: None };
        let update = serde_json::to_value(ReportEvent::Update(update)).unwrap();
        assert_eq!(update["event"], ReportEvent::UPDATE);
        let report = serde_json::json!({ "event": ReportEvent::REPORT, "data": {} });
        let error = serde_json::from_value::<ReportEvent>(report).unwrap_err().to_string();
        assert!(error.contains("missing field"), "{error}");
    }
}

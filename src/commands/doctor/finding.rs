//! What `huibao doctor` finds.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) name: &'static str,
    pub(super) ok: bool,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what_to_do: Option<String>,
}

impl Finding {
    pub(super) fn good(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, ok: true, detail: detail.into(), what_to_do: None }
    }

    pub(super) fn bad(name: &'static str, detail: impl Into<String>, what_to_do: &str) -> Self {
        Self { name, ok: false, detail: detail.into(), what_to_do: Some(what_to_do.to_owned()) }
    }
}

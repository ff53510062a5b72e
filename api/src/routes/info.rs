//! What a page needs before it can offer an upload.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use huibao_models::domain::report::ReportKind;

use crate::sign_on::SignOnConfig;
use crate::state::ApiState;
use crate::view::{Info, SignOnView};

/// Version, limits and languages of this installation.
#[utoipa::path(get, path = "/api/v1/info", tag = "info", security(()),
    responses((status = 200, description = "The installation", body = Info)))]
pub(crate) async fn info(State(state): State<ApiState>) -> Json<Info> {
    Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: state.config.limits,
        languages: state.config.languages.clone(),
        kinds: state.config.offered_kinds(),
        kind_labels: labels(&state.config.kinds),
        sign_on: sign_on(&state.config.sign_on, state.config.public_path()),
    })
}

fn sign_on(config: &SignOnConfig, root: &str) -> Vec<SignOnView> {
    let view = |name: &str, label: &String| SignOnView {
        label: label.clone(),
        url: format!("{root}/api/v1/sign-on/{name}"),
    };
    let oidc = config.oidc.iter().map(|oidc| view("oidc", &oidc.label));
    let cas = config.cas.iter().map(|cas| view("cas", &cas.label));
    oidc.chain(cas).collect()
}

fn labels(kinds: &[(ReportKind, Option<String>)]) -> BTreeMap<String, String> {
    let label = |(kind, label): &(ReportKind, Option<String>)| {
        Some((kind.as_str().to_owned(), label.clone()?))
    };
    kinds.iter().filter_map(label).collect()
}

//! Which models recognise, why, how long that takes here, and when what waits is done.

use std::path::Path;
use std::time::Duration;

use huibao_models::domain::failure::{FailureCode, Lang};
use huibao_models::store::{Store, StoreError};
use huibao_worker::speech::{self, Trial};
use huibao_worker::{KnownModel, Machine, catalogue};

use super::finding::Finding;
use crate::settings::Settings;

/// What recognition is told in: how long a report of three minutes takes.
const REPORT_SECONDS: f64 = 180.0;

/// A model and how long it takes.
struct Measured {
    name: String,
    trial: Trial,
}

/// Everything about recognition.
pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let lang = settings.lang();
    let vad = settings.vad_model_path();
    let mut findings = vec![model("model", &settings.model_path(), lang)];
    if let Some(quick) = settings.quick_model_path() {
        findings.push(model("quick_model", &quick, lang));
    }
    findings.push(model("vad_model", &vad, lang));
    if findings.iter().any(|finding| !finding.ok) {
        return findings;
    }
    findings.push(Finding::good("model_choice", choice(settings, lang)));
    let (measured, failed) = measure(settings, &vad);
    findings.extend(failed);
    findings.push(Finding::good("speed", speeds(&measured, lang)));
    findings.extend(better(settings, &measured, lang));
    findings.extend(queue(settings, &measured, lang).await);
    findings
}

fn model(name: &'static str, path: &Path, lang: Lang) -> Finding {
    let place = path.display();
    match speech::check_model_file(path) {
        Ok(bytes) => Finding::good(name, format!("{place} ({} MB)", bytes / 1_000_000)),
        Err(error) => {
            Finding::bad(name, format!("{place}: {error}"), FailureCode::ModelMissing.message(lang))
        }
    }
}

/// Which one is used and why.
fn choice(settings: &Settings, lang: Lang) -> String {
    let (name, machine) = (settings.model(), settings.machine());
    let passes = match settings.quick_model_path().map(|path| name_of(&path)) {
        Some(quick) => match lang {
            Lang::Zh => format!("；先用 {quick} 快速识别，空闲时再用 {name} 识别一遍"),
            Lang::En => format!("; {quick} first, then {name} once nothing waits"),
        },
        None => String::new(),
    };
    let known: Vec<&str> = settings.models().known().iter().map(|known| known.name).collect();
    let known = known.join(", ");
    let Machine { cores, memory_mb } = machine;
    let why = match (settings.chooses_model(), lang) {
        (true, Lang::Zh) => format!(
            "{name}：现有模型（{known}）中，{cores} 个核、{memory_mb} MB 内存能承受的最好的一个"
        ),
        (true, Lang::En) => format!(
            "{name}: the best that {cores} cores and {memory_mb} MB of memory bear, of those that are there ({known})"
        ),
        (false, Lang::Zh) => format!("{name}：由设置指定"),
        (false, Lang::En) => format!("{name}: as the settings say"),
    };
    why + &passes
}

/// Tries the models that are in use, and the others of the catalogue that are there and fit into memory.
fn measure(settings: &Settings, vad: &Path) -> (Vec<Measured>, Vec<Finding>) {
    let models = settings.models();
    let mut paths = vec![settings.model_path()];
    paths.extend(settings.quick_model_path());
    let fits = |known: &KnownModel| settings.machine().has_memory_for(known);
    paths.extend(
        models.known().iter().filter(|known| fits(known)).map(|known| models.file_of(known.name)),
    );
    let (mut measured, mut failed) = (Vec::<Measured>::new(), Vec::new());
    for path in paths {
        let name = name_of(&path);
        if measured.iter().any(|one| one.name == name) {
            continue;
        }
        match speech::trial(&path, vad, settings.cores()) {
            Ok(trial) => measured.push(Measured { name, trial }),
            Err(error) => {
                let advice = FailureCode::ModelMissing.message(settings.lang());
                failed.push(Finding::bad("speed", format!("{name}: {error}"), advice));
            }
        }
    }
    (measured, failed)
}

fn name_of(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.strip_prefix("ggml-").unwrap_or(&name).to_owned()
}

/// How long each takes.
fn speeds(measured: &[Measured], lang: Lang) -> String {
    let each = measured.iter().map(|Measured { name, trial }| {
        let seconds = trial.per_second * REPORT_SECONDS;
        let loading = trial.loading.as_secs_f64();
        match lang {
            Lang::Zh => format!("{name} {seconds:.0} 秒（加载 {loading:.1} 秒）"),
            Lang::En => format!("{name} {seconds:.0} s (loading {loading:.1} s)"),
        }
    });
    let each: Vec<String> = each.collect();
    let of = lang.pick("3 分钟的汇报：", "a report of 3 minutes: ");
    format!("{of}{}", each.join(lang.pick("，", ", ")))
}

/// What the next better model would cost here, if there is one: by what the present one takes.
fn better(settings: &Settings, measured: &[Measured], lang: Lang) -> Option<Finding> {
    let name = settings.model();
    let present = catalogue().find(|known| known.name == name)?;
    let trial = &measured.iter().find(|one| one.name == name)?.trial;
    let dearer = |known: &KnownModel| known.cost > present.cost && known.name.ends_with("-q8_0");
    let next = catalogue().find(dearer)?;
    let seconds = trial.per_second * next.cost / present.cost * REPORT_SECONDS;
    let machine = settings.machine();
    let (megabytes, name) = (next.megabytes, next.name);
    let obstacle = match (machine.has_memory_for(&next), machine.is_quick_enough_for(&next)) {
        (false, _) => lang.pick("内存不足", "more than this memory bears"),
        (_, false) => lang.pick("对这些核来说太慢", "too slow for these cores"),
        (true, true) => lang.pick("本机可以承受", "this machine would bear it"),
    };
    let detail = match lang {
        Lang::Zh => {
            format!("{name}（{megabytes} MB）识别 3 分钟的汇报约需 {seconds:.0} 秒：{obstacle}")
        }
        Lang::En => format!(
            "{name} ({megabytes} MB) would take about {seconds:.0} s for a report of 3 minutes: {obstacle}"
        ),
    };
    let advice = format!("scripts/fetch-model {name}");
    let bears = machine.has_memory_for(&next) && machine.is_quick_enough_for(&next);
    Some(Finding { what_to_do: bears.then_some(advice), ..Finding::good("better_model", detail) })
}

/// When what waits would be recognised with each model, if this machine alone worked.
async fn queue(settings: &Settings, measured: &[Measured], lang: Lang) -> Option<Finding> {
    let (recordings, speech) = match waiting(settings).await {
        Ok(waiting) => waiting,
        // There is no database yet.
        Err(StoreError::Nothing(_)) => return None,
        Err(error) => {
            let advice = lang.pick(
                "无法读取队列；其余检查不受影响",
                "the queue cannot be read; the other findings hold",
            );
            return Some(Finding { ok: true, ..Finding::bad("queue", error.to_string(), advice) });
        }
    };
    let minutes = speech.as_secs_f64() / 60.0;
    let each = measured.iter().map(|Measured { name, trial }| {
        let minutes = trial.per_second * minutes;
        match lang {
            Lang::Zh => format!("{name} {minutes:.0} 分钟"),
            Lang::En => format!("{name} {minutes:.0} min"),
        }
    });
    let each = each.collect::<Vec<_>>().join(lang.pick("，", ", "));
    let detail = match lang {
        Lang::Zh => {
            format!("{recordings} 段录音等待识别，共 {minutes:.0} 分钟；只靠本机需要：{each}")
        }
        Lang::En => format!(
            "{recordings} recordings of {minutes:.0} min wait; this machine alone takes: {each}"
        ),
    };
    Some(Finding::good("queue", detail))
}

async fn waiting(settings: &Settings) -> Result<(u64, Duration), StoreError> {
    let store = Store::open_to_read(&settings.database_url(), 1).await?;
    let waiting = store.snapshot().await?.jobs().waiting_speech().await;
    store.close().await;
    waiting
}

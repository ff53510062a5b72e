//! `huibao recognize-again`: recognises reports once more that can be read already, with another
//! model. Each becomes a new version of its transcript and a new archive.

mod condition;
mod sweep;

use std::process::ExitCode;

use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::ReportId;
use huibao_worker::speech::check_model_file;
use serde_json::json;

use self::condition::Condition;
use self::sweep::{Found, sweep};
use super::installation_args::InstallationArgs;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

const HELP: &str = "\
Conditions, of which all must hold:
  report=ID               this report
  model=NAME              whose newest recognition is by this model; model!=NAME: by another
  created<2026-10-01      handed in before that day (UTC); created>=2026-10-01: on it or later
  language=zh             recognised as this language
  flag=unclear            with a passage that is marked so; also repetition, known_phantom
Quote them: to a shell, < and ! are more than text.

Nothing is overwritten: each recognition is a new version of the transcript, and a new archive is made
beside the old one. Reports stay readable meanwhile, with the text they have. They keep it as well if
the recognition fails; huibao jobs list --state dead tells why, and huibao jobs retry tries again.

Every worker that recognises must have the model, in the folder where its own is.

With --json, standard output is exactly one object:
  {\"model\":…,\"dry_run\":…,\"queued\":…,\"not_ready\":[…],\"at_work\":[…]}
where queued counts reports and the lists hold the ids of those that were left out: not ready yet, or
failed; and those that are being recognised again already.";

/// Flags of `huibao recognize-again`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// The model: a name such as small-q8_0, or the path of a ggml file on every worker
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Only reports that fit, such as 'model!=small-q8_0'; see --help
    #[arg(long = "where", value_name = "CONDITION", required_unless_present = "all")]
    conditions: Vec<String>,
    /// All reports
    #[arg(long, conflicts_with = "conditions")]
    all: bool,
    /// Queue nothing, only say what would be
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let conditions: Vec<Condition> =
        args.conditions.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    check_model(&settings, &args.model)?;
    let backends = connect::backends(&settings).await?;
    let model = (!args.dry_run).then_some(args.model.as_str());
    let found = sweep(&backends, &conditions, model, async |messages| {
        connect::announce(&settings, &backends, messages).await;
    })
    .await;
    backends.queue.close().await;
    backends.store.close().await;
    print(&found.map_err(Failure::from)?, &args, settings.lang());
    Ok(ExitCode::SUCCESS)
}

/// A model that is not there would fail every report, one after the other. Where workers are on
/// other machines, it only has to be there.
fn check_model(settings: &Settings, model: &str) -> Result<(), CommandError> {
    match check_model_file(&settings.models().file_of(model)) {
        Ok(_) => Ok(()),
        Err(error) if settings.is_embedded() => Err(Failure::from(error).into()),
        Err(error) => {
            tracing::warn!(%error, "the model is not on this machine; every worker must have it");
            Ok(())
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print(found: &Found, args: &Args, lang: Lang) {
    let Found { queued, not_ready, at_work } = found;
    if args.installation.json {
        let answer = json!({
            "model": args.model, "dry_run": args.dry_run, "queued": queued,
            "not_ready": not_ready, "at_work": at_work,
        });
        println!("{answer}");
        return;
    }
    let what = if args.dry_run {
        lang.pick("将会重新识别的汇报数：", "reports that would be recognised again:")
    } else {
        lang.pick("已排队重新识别的汇报数：", "reports queued to be recognised again:")
    };
    println!("{what} {queued}");
    let list = |why: &str, ids: &[ReportId]| ids.iter().for_each(|id| println!("{why} {id}"));
    list(lang.pick("跳过，尚未就绪：", "left out, not ready:"), not_ready);
    list(lang.pick("跳过，正在重新识别：", "left out, at work already:"), at_work);
}

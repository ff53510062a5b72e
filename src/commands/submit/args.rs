//! The command line of `huibao submit`.

use std::path::PathBuf;

use huibao_models::domain::report::ReportKind;

use crate::settings::Secret;

const NOTES: &str = "\
With --json, standard output is exactly one JSON object: {\"report\":{\"id\":…,\"submission\":
{\"id\":…,\"version\":…}},\"url\":…}, where url is the report's page. With --wait it is the object of
`huibao process`, with two differences: bag is null, because the archive is on the server, and url is
the report's page. A report that fails there ends like one that fails in `huibao process`:
{\"error\":{\"code\":…,\"message\":…}} and the exit code of its kind. A server that cannot be reached
is 75, one that wants another token is 69.

The report belongs to the person whose token is given (huibao token create, or the account page).
An interrupted upload goes on where it stopped, as long as something gets through now and then.
After that, and after this command was stopped, running the same command again goes on as well:
with the same files, server and flags.";

/// Flags of `huibao submit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// The video
    pub video: PathBuf,
    /// The written report: a document (.docx, .doc, .wps, .pdf, .odt, .rtf, .txt or .md), or photos of its pages
    /// (.jpg, .png, .heic or .webp), one after the other
    #[arg(long, value_name = "FILE")]
    pub written: Vec<PathBuf>,
    /// Address of the server, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// A personal access token; better given by the variable, because others see command lines
    #[arg(
        long,
        env = "HUIBAO_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    pub token: Secret,
    /// Language of the speech: zh, en, … or auto [default: the server's]
    #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
    pub language: String,
    /// What the report is called
    #[arg(long, default_value = "")]
    pub title: String,
    /// Who speaks [default: whose token it is]
    #[arg(long, default_value = "", hide_default_value = true)]
    pub speaker: String,
    /// What it is about
    #[arg(long, default_value = "other", value_parser = parse_kind,
        value_name = "motive|understanding|study|activity|oath|meeting|other")]
    pub kind: ReportKind,
    /// The quarter that it is for, such as 2026Q4
    #[arg(long, default_value = "", hide_default_value = true)]
    pub period: String,
    /// The branch that it is for, such as /college/branch, if you are an activist of several
    #[arg(long, value_name = "/PATH")]
    pub branch: Option<String>,
    /// Wait until the report is finished and print what `huibao process` prints
    #[arg(long)]
    pub wait: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

fn parse_kind(name: &str) -> Result<ReportKind, String> {
    name.parse().map_err(|_| {
        let names: Vec<_> = ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("use one of {}", names.join(", "))
    })
}

//! The command line of `huibao submit`.

use std::path::PathBuf;

use crate::settings::Secret;

const NOTES: &str = "\
With --json, standard output is exactly one JSON object: {\"report\":{\"id\":…},\"url\":…}, where url is
the report's page. With --wait it is the object of `huibao process`, with two differences: bag is
null, because the archive is on the server, and url is the report's page. A report that fails there
ends like one that fails in `huibao process`: {\"error\":{\"code\":…,\"message\":…}} and the exit code
of its kind. A server that cannot be reached is 75, one that wants another token is 69.

An interrupted upload is tried again from its start, up to three times, unless the server may have
received all of it. If the connection breaks when everything was sent, the report may have
been stored: look at the server's list before submitting it again.";

/// Flags of `huibao submit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = NOTES)]
pub struct Args {
    /// The video
    pub video: PathBuf,
    /// The written report (.txt, .md, .docx, .odt or .pdf)
    #[arg(long, value_name = "FILE")]
    pub written: Option<PathBuf>,
    /// Address of the server, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// The server's token; better given by the variable, because others see command lines
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
    /// Who speaks
    #[arg(long, default_value = "")]
    pub speaker: String,
    /// Wait until the report is finished and print what `huibao process` prints
    #[arg(long)]
    pub wait: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

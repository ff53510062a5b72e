//! `huibao audit`: verifies that nobody has changed the audit log, exports it, and prints what vouches for it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use huibao_models::checkpoint::{CheckpointKey, Head, PublicKey};
use huibao_models::domain::audit::{AuditAction, ChainHash, Subject};
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::store::{Link, Snapshot, Store};
use serde_json::json;

use super::installation_args::InstallationArgs;
use super::unit::begin;
use crate::connect;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Entries are read in batches of so many.
const BATCH: u32 = 1000;

/// Exit code for a log that was changed.
const BROKEN: u8 = 65;

/// Flags of `huibao audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check every entry against the chain, and the chain against checkpoints: those in the database, and those
    /// that somebody kept elsewhere. Exits with 65 if something was changed
    Verify {
        /// A checkpoint that was kept elsewhere; can be given several times
        #[arg(long = "checkpoint", value_name = "FILE")]
        checkpoints: Vec<PathBuf>,
        /// The public key that has signed them [default: that of this installation]
        #[arg(long, value_name = "BASE64", value_parser = parse_key)]
        key: Option<Box<PublicKey>>,
    },
    /// Print all entries, each with its hash, a line of JSON for each, with and without --json
    Export,
    /// Print the head of the chain, signed, for others to keep
    Checkpoint,
    /// Print the public key that others verify checkpoints with
    Key,
}

fn parse_key(text: &str) -> Result<Box<PublicKey>, String> {
    PublicKey::parse(text).map(Box::new).map_err(|error| error.to_string())
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    let lang = settings.lang();
    if let Verb::Key = args.verb {
        print_line(&key(&settings)?.public().to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let store = connect::database(&settings).await?;
    let code = match args.verb {
        Verb::Verify { checkpoints, key: given } => {
            let key = match given {
                Some(key) => Some(*key),
                None => known_key(&settings)?,
            };
            let verified = verify(&store, &checkpoints, key.as_ref(), lang).await?;
            verified.print(lang, args.installation.json);
            if verified.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
        }
        Verb::Export => {
            export(&store).await?;
            ExitCode::SUCCESS
        }
        Verb::Checkpoint => {
            let mut unit = begin(&store).await?;
            while unit.audit().seal(BATCH).await.map_err(Failure::from)? == BATCH {}
            let head = unit.audit().head().await.map_err(Failure::from)?;
            let note = key(&settings)?.sign(&head);
            unit.audit().add_checkpoint(&head, &note).await.map_err(Failure::from)?;
            unit.commit().await.map_err(Failure::from)?;
            print_line(note.trim_end());
            ExitCode::SUCCESS
        }
        Verb::Key => ExitCode::SUCCESS,
    };
    store.close().await;
    Ok(code)
}

fn key(settings: &Settings) -> Result<CheckpointKey, CommandError> {
    let path = settings.audit_key_path();
    CheckpointKey::open(&path).map_err(|error| CommandError::Usage {
        zh: format!("审计密钥不可用：{error}"),
        en: format!("the key of the audit log cannot be used: {error}"),
    })
}

/// The installation's key, if it has made one.
fn known_key(settings: &Settings) -> Result<Option<PublicKey>, CommandError> {
    if settings.audit_key_path().is_file() { Ok(Some(key(settings)?.public())) } else { Ok(None) }
}

/// What was found.
struct Verified {
    head: Head,
    pending: u64,
    checkpoints: u64,
    /// Whether there was a key to verify checkpoints with.
    key: bool,
    /// What is wrong.
    broken: Option<String>,
}

async fn verify(
    store: &Store,
    files: &[PathBuf],
    key: Option<&PublicKey>,
    lang: Lang,
) -> Result<Verified, CommandError> {
    let mut snapshot = store.snapshot().await.map_err(Failure::from)?;
    let (mut heads, mut broken) = (Vec::new(), None);
    let mut note = |note: &str, name: String| {
        let Some(key) = key else { return };
        match key.verify(note) {
            Ok(head) => heads.push((head, name)),
            Err(error) => broken = broken.take().or(Some(format!("{name}: {error}"))),
        }
    };
    for (text, made_at) in snapshot.audit().checkpoints().await.map_err(Failure::from)? {
        note(&text, made_at.to_rfc3339());
    }
    for file in files {
        note(&read(file)?, file.display().to_string());
    }
    heads.sort_by_key(|(head, _)| head.entries);
    let head = walk(&mut snapshot, &heads, &mut broken, lang).await?;
    let (entries, pending) = snapshot.audit().counts().await.map_err(Failure::from)?;
    if broken.is_none() && entries != head.entries + pending {
        broken = Some(format!("{entries} ≠ {} + {pending}", head.entries));
    }
    Ok(Verified { head, pending, checkpoints: heads.len() as u64, key: key.is_some(), broken })
}

fn read(file: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file).map_err(|error| CommandError::Usage {
        zh: format!("无法读取 {}：{error}", file.display()),
        en: format!("cannot read {}: {error}", file.display()),
    })
}

/// Computes the chain anew, and compares it with what is stored and with the heads that somebody has signed.
async fn walk(
    snapshot: &mut Snapshot,
    heads: &[(Head, String)],
    broken: &mut Option<String>,
    lang: Lang,
) -> Result<Head, CommandError> {
    let (mut hash, mut seq) = (ChainHash::GENESIS, 0);
    let mut signed = heads.iter().peekable();
    loop {
        let links = snapshot.audit().chain(seq, BATCH).await.map_err(Failure::from)?;
        let full = links.len() == BATCH as usize;
        for Link { seq: number, entry, hash: stored } in links {
            (seq, hash) = (seq + 1, hash.followed_by(&entry));
            if (number, stored) != (seq, hash) {
                let at = entry.at.to_rfc3339();
                broken.get_or_insert_with(|| {
                    format!("{} {number} ({at})", lang.pick("条目", "entry"))
                });
                // From here on, nothing fits.
                return Ok(Head { entries: seq, hash });
            }
            while let Some((head, name)) = signed.next_if(|(head, _)| head.entries == seq) {
                if head.hash != hash {
                    broken.get_or_insert_with(|| name.clone());
                }
            }
        }
        if !full {
            break;
        }
    }
    if let Some((head, name)) = signed.next() {
        // There were more entries once.
        broken.get_or_insert_with(|| format!("{name}: {} > {seq}", head.entries));
    }
    Ok(Head { entries: seq, hash })
}

impl Verified {
    fn print(&self, lang: Lang, json: bool) {
        let Self { head, pending, checkpoints, key, broken } = self;
        if json {
            let answer = json!({
                "verified": broken.is_none(),
                "entries": head.entries,
                "hash": head.hash.to_string(),
                "pending": pending,
                "checkpoints": checkpoints,
                "broken": broken,
            });
            print_line(&answer.to_string());
            return;
        }
        match broken {
            Some(place) => print_line(&format!(
                "{}: {place}",
                lang.pick("审计日志被改动过", "the audit log was changed")
            )),
            None => print_line(&format!(
                "{}: {} {}, {pending} {}, {checkpoints} {}\n{}",
                lang.pick("审计日志完好", "the audit log is as it was written"),
                head.entries,
                lang.pick("条", "entries"),
                lang.pick("条待封存", "not in the chain yet"),
                lang.pick("个检查点", "checkpoints"),
                head.hash
            )),
        }
        if !key {
            print_line(lang.pick(
                "没有密钥，未验证检查点（--key）",
                "there is no key, so no checkpoint was verified (--key)",
            ));
        }
    }
}

/// In one snapshot, and noted in the log itself.
async fn export(store: &Store) -> Result<(), CommandError> {
    let mut unit = begin(store).await?;
    let action = AuditAction::AuditExported;
    unit.audit().record(action, Subject::system(), json!({})).await.map_err(Failure::from)?;
    while unit.audit().seal(BATCH).await.map_err(Failure::from)? == BATCH {}
    unit.commit().await.map_err(Failure::from)?;
    let mut snapshot = store.snapshot().await.map_err(Failure::from)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut after = 0;
    loop {
        let links = snapshot.audit().chain(after, BATCH).await.map_err(Failure::from)?;
        for Link { seq, entry, hash } in &links {
            after = *seq;
            let line = json!({
                "seq": seq,
                "id": entry.id,
                "at": entry.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
                "actor": entry.actor,
                "person": entry.person,
                "address": entry.address,
                "action": entry.action,
                "subject": entry.subject.as_str(),
                // As text, because it is hashed letter by letter.
                "detail": entry.detail,
                "hash": hash.to_string(),
            });
            writeln!(out, "{line}").map_err(Failure::from)?;
        }
        if links.len() < BATCH as usize {
            break;
        }
    }
    out.flush().map_err(Failure::from)?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_line(line: &str) {
    println!("{line}");
}

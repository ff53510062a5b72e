//! `huibao token`: personal access tokens, which programs sign in with.

use std::process::ExitCode;

use chrono::TimeDelta;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::TokenId;
use huibao_models::domain::scope::{Scope, Scopes};
use huibao_models::store::{NewToken, Token};
use serde_json::{Value, json};

use super::installation_args::InstallationArgs;
use super::unit::begin;
use super::user::find;
use crate::connect;
use crate::exit::CommandError;
use crate::installation::prepare_folder;
use crate::settings::Settings;

/// Flags of `huibao token`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a token of an account, and print it: it is shown this once
    Create {
        /// The account's name
        name: String,
        /// What the token is for
        #[arg(long, value_name = "TEXT", default_value = "command line")]
        label: String,
        /// What it may be used for, as often as there are scopes [default: all of them]
        #[arg(long = "scope", value_name = "read|write|review|manage", value_parser = parse_scope)]
        scopes: Vec<Scope>,
        /// For how many days it is accepted [default: without end]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
        /// Print the token and nothing else
        #[arg(long)]
        quiet: bool,
    },
    /// List the tokens of an account
    List {
        /// The account's name
        name: String,
    },
    /// Remove a token: it is no longer accepted
    Revoke {
        /// The account's name
        name: String,
        /// The token's id, as `list` prints it
        id: TokenId,
    },
}

fn parse_scope(name: &str) -> Result<Scope, String> {
    name.parse().map_err(|_| "use read, write, review or manage".to_owned())
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    prepare_folder(&settings)?;
    let store = connect::database(&settings).await?;
    let lang = settings.lang();
    let mut unit = begin(&store).await?;
    match args.verb {
        Verb::Create { name, label, scopes, days, quiet } => {
            let person = find(&mut unit, &name).await?;
            let secret = NewSecret::token().map_err(Failure::internal)?;
            let expires = days.map(|days| unit.now() + TimeDelta::days(days.into()));
            let digest = secret.digest();
            let scopes = if scopes.is_empty() { Scopes::all() } else { Scopes::of(&scopes) };
            let new = NewToken { person: person.id, name: &label, scopes, expires_at: expires };
            let token = unit.tokens().insert(new, &digest).await;
            let token = token.map_err(Failure::from)?;
            unit.commit().await.map_err(Failure::from)?;
            print_new(&token, &secret, lang, args.installation.json, quiet);
        }
        Verb::List { name } => {
            let person = find(&mut unit, &name).await?;
            let tokens = unit.tokens().of(person.id).await.map_err(Failure::from)?;
            // Closing waits for it.
            drop(unit);
            print_list(&tokens, args.installation.json);
        }
        Verb::Revoke { name, id } => {
            let person = find(&mut unit, &name).await?;
            if !unit.tokens().remove(person.id, id).await.map_err(Failure::from)? {
                return Err(CommandError::Usage {
                    zh: format!("{name} 没有令牌 {id}"),
                    en: format!("{name} has no token {id}"),
                });
            }
            unit.commit().await.map_err(Failure::from)?;
        }
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn to_json(token: &Token) -> Value {
    json!({
        "id": token.id,
        "label": token.name,
        "scopes": token.scopes.as_slice(),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
    })
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_new(token: &Token, secret: &NewSecret, lang: Lang, json: bool, quiet: bool) {
    let secret = secret.expose();
    if json {
        println!("{}", json!({ "token": to_json(token), "secret": secret }));
    } else if quiet {
        println!("{secret}");
    } else {
        let note = lang.pick(
            "请立即保存，以后不再显示；供 huibao submit 使用时放入 HUIBAO_TOKEN。",
            "keep it now, it is not shown again; huibao submit takes it from HUIBAO_TOKEN",
        );
        println!("{secret}\n  {note}");
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_list(tokens: &[Token], json: bool) {
    if json {
        println!("{}", json!({ "tokens": tokens.iter().map(to_json).collect::<Vec<_>>() }));
        return;
    }
    for token in tokens {
        let expires = token.expires_at.map_or("-".to_owned(), |time| time.to_rfc3339());
        println!("{}  {:<20} {expires}", token.id, token.name);
    }
}

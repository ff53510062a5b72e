//! `huibao user`: accounts, what people are, and whom they look after.

mod roster;

use std::io::BufRead;
use std::process::ExitCode;

use huibao_models::credentials::hash_password;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::person::{
    Grant, LoginName, Number, Person, Role, display_name, is_acceptable_password, is_email,
};
use huibao_models::store::{NewPerson, Store, UnitOfWork};
use serde_json::{Value, json};

use super::installation_args::InstallationArgs;
use super::unit::begin;
use crate::connect;
use crate::exit::CommandError;
use crate::installation::prepare_folder;
use crate::settings::Settings;

/// Flags of `huibao user`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    pub installation: InstallationArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add an account, with what the person is. Branches that are not there yet are added
    Add(AddArgs),
    /// List all accounts
    List,
    /// Take over a roster: a .csv or .xlsx with columns for number, name and branch (学号, 姓名, 支部), and if you
    /// like role, login and email. People are told apart by their number, so it can be done again
    Import(roster::ImportArgs),
    /// Print everybody as a .csv that can be imported again
    Export,
    /// Disable an account: its sessions end, its tokens are refused
    Disable {
        /// The account's name
        name: String,
    },
    /// Enable a disabled account again
    Enable {
        /// The account's name
        name: String,
    },
    /// Give an account another password; its sessions end
    ResetPassword {
        /// The account's name
        name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Make a person something in a branch and everything below it
    Grant(GrantArgs),
    /// Take away what a person is in a branch
    Revoke(GrantArgs),
    /// Make somebody the contact person (培养联系人) of an activist
    Contact {
        /// The account of the one who looks after the activist
        name: String,
        /// The account of the activist
        #[arg(long, value_name = "NAME")]
        of: String,
        /// No longer
        #[arg(long)]
        remove: bool,
    },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The name to sign in with
    name: String,
    /// What the person is
    #[arg(long, value_name = "activist|reviewer|operator", value_parser = parse_role)]
    role: Role,
    /// Where, such as /college/branch [default: everywhere]
    #[arg(long, value_name = "/PATH", default_value = "/", hide_default_value = true)]
    branch: BranchPath,
    /// The name that others see [default: the name to sign in with]
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The student or staff number, by which rosters and campus sign-on know the person
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Where mail reaches the person
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Read the password from standard input; without one, only tokens let the account in
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, clap::Args)]
struct GrantArgs {
    /// The account's name
    name: String,
    /// What the person is
    #[arg(long, value_name = "activist|reviewer|operator", value_parser = parse_role)]
    role: Role,
    /// Where, such as /college/branch [default: everywhere]
    #[arg(long, value_name = "/PATH", default_value = "/", hide_default_value = true)]
    branch: BranchPath,
}

fn parse_role(name: &str) -> Result<Role, String> {
    name.parse().map_err(|_| "use activist, reviewer or operator".to_owned())
}

/// Runs the command.
pub async fn run(settings: Settings, args: Args) -> Result<ExitCode, CommandError> {
    prepare_folder(&settings)?;
    let store = connect::database(&settings).await?;
    let (lang, json) = (settings.lang(), args.installation.json);
    match args.verb {
        Verb::Add(add) => {
            let added = self::add(&store, add).await?;
            print_done(lang, json, &added);
        }
        Verb::List => list(&store, json).await?,
        Verb::Import(import) => {
            let code = roster::import(&store, import, lang, json).await?;
            store.close().await;
            return Ok(code);
        }
        Verb::Export => roster::export(&store).await?,
        Verb::Disable { name } => set_disabled(&store, &name, true).await?,
        Verb::Enable { name } => set_disabled(&store, &name, false).await?,
        Verb::ResetPassword { name, .. } => reset_password(&store, &name).await?,
        Verb::Grant(given) => grant(&store, given).await?,
        Verb::Revoke(given) => revoke(&store, given).await?,
        Verb::Contact { name, of, remove } => contact(&store, &name, &of, !remove).await?,
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn add(store: &Store, args: AddArgs) -> Result<Person, CommandError> {
    let name = LoginName::parse(&args.name).map_err(|_| bad_name(&args.name))?;
    let password_hash = if args.password_stdin { Some(hash(&read_password()?)?) } else { None };
    let named = NewPerson::named(name);
    let shown = args.display_name.as_deref().and_then(display_name);
    let new = NewPerson {
        display_name: shown.unwrap_or(named.display_name),
        number: args.number.as_deref().map(number).transpose()?,
        email: args.email.map(email).transpose()?,
        password_hash,
        ..named
    };
    let mut unit = begin(store).await?;
    if !unit.people().insert(&new).await.map_err(Failure::from)? {
        return Err(CommandError::Usage {
            zh: format!("用户 {} 已经存在，或学号属于别人", args.name),
            en: format!("there is a user {} already, or the number is somebody else's", args.name),
        });
    }
    let grant = Grant { role: args.role, branch: args.branch };
    unit.people().grant(new.id, &grant).await.map_err(Failure::from)?;
    let person = unit.people().get(new.id).await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    Ok(person.ok_or_else(|| Failure::internal("a new person is not there"))?)
}

async fn set_disabled(store: &Store, name: &str, disabled: bool) -> Result<(), CommandError> {
    let mut unit = begin(store).await?;
    let person = find(&mut unit, name).await?;
    unit.people().set_disabled(person.id, disabled).await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    Ok(())
}

async fn reset_password(store: &Store, name: &str) -> Result<(), CommandError> {
    let hash = hash(&read_password()?)?;
    let mut unit = begin(store).await?;
    let person = find(&mut unit, name).await?;
    unit.people().set_password_hash(person.id, &hash, None).await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    Ok(())
}

async fn grant(store: &Store, args: GrantArgs) -> Result<(), CommandError> {
    let mut unit = begin(store).await?;
    let person = find(&mut unit, &args.name).await?;
    let grant = Grant { role: args.role, branch: args.branch };
    unit.people().grant(person.id, &grant).await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    Ok(())
}

async fn revoke(store: &Store, args: GrantArgs) -> Result<(), CommandError> {
    let mut unit = begin(store).await?;
    let person = find(&mut unit, &args.name).await?;
    let grant = Grant { role: args.role, branch: args.branch };
    if !unit.people().revoke(person.id, &grant).await.map_err(Failure::from)? {
        let (name, role, branch) = (args.name, grant.role, grant.branch);
        return Err(CommandError::Usage {
            zh: format!("{name} 在 {branch} 没有 {role} 角色"),
            en: format!("{name} is no {role} of {branch}"),
        });
    }
    unit.commit().await.map_err(Failure::from)?;
    Ok(())
}

async fn contact(store: &Store, name: &str, of: &str, is: bool) -> Result<(), CommandError> {
    let mut unit = begin(store).await?;
    let contact = find(&mut unit, name).await?;
    let activist = find(&mut unit, of).await?;
    let people = &mut unit.people();
    people.set_contact(contact.id, activist.id, is).await.map_err(Failure::from)?;
    unit.commit().await.map_err(Failure::from)?;
    Ok(())
}

/// The person with this name.
pub(super) async fn find(unit: &mut UnitOfWork, name: &str) -> Result<Person, CommandError> {
    let parsed = LoginName::parse(name).map_err(|_| bad_name(name))?;
    let person = unit.people().by_name(&parsed).await.map_err(Failure::from)?;
    person.ok_or_else(|| CommandError::Usage {
        zh: format!("没有用户 {name}"),
        en: format!("there is no user {name}"),
    })
}

fn bad_name(name: &str) -> CommandError {
    CommandError::Usage {
        zh: format!("用户名 {name:?} 不可用：须为 1 到 64 个字符，不含空格和斜杠"),
        en: format!("{name:?} is no name: use 1 to 64 characters, without spaces and slashes"),
    }
}

fn number(text: &str) -> Result<Number, CommandError> {
    Number::parse(text).map_err(|_| CommandError::Usage {
        zh: format!("学号（工号）{text:?} 不可用：须为 1 到 32 个字母、数字或连字符"),
        en: format!("{text:?} is no number: use 1 to 32 letters, digits or hyphens"),
    })
}

fn email(text: String) -> Result<String, CommandError> {
    if is_email(&text) {
        return Ok(text);
    }
    Err(CommandError::Usage {
        zh: format!("{text:?} 不是邮箱地址"),
        en: format!("{text:?} is no address of mail"),
    })
}

/// The first line of standard input.
fn read_password() -> Result<String, CommandError> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::from)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn hash(password: &str) -> Result<String, CommandError> {
    if !is_acceptable_password(password) {
        return Err(CommandError::Usage {
            zh: "密码长度须为 8 到 256 个字符".to_owned(),
            en: "a password has 8 to 256 characters".to_owned(),
        });
    }
    Ok(hash_password(password).map_err(Failure::internal)?)
}

fn to_json(person: &Person) -> Value {
    json!({
        "id": person.id,
        "name": person.name.as_str(),
        "display_name": person.display_name,
        "number": person.number.as_ref().map(Number::as_str),
        "email": person.email,
        "disabled_at": person.disabled_at,
        "created_at": person.created_at,
    })
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
fn print_done(lang: Lang, json: bool, person: &Person) {
    if json {
        println!("{}", json!({ "user": to_json(person) }));
    } else {
        println!("{} {}", lang.pick("已添加用户", "added user"), person.name.as_str());
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's answer")]
async fn list(store: &Store, json: bool) -> Result<(), CommandError> {
    let mut snapshot = store.snapshot().await.map_err(Failure::from)?;
    let mut users = Vec::new();
    for person in snapshot.people().list().await.map_err(Failure::from)? {
        let grants = snapshot.people().grants(person.id).await.map_err(Failure::from)?;
        let roles = grants.iter().map(|grant| format!("{}:{}", grant.role, grant.branch));
        let roles: Vec<_> = roles.collect();
        if json {
            let mut user = to_json(&person);
            user["grants"] = json!(roles);
            users.push(user);
        } else {
            let disabled = if person.disabled_at.is_some() { "  (disabled)" } else { "" };
            let (name, shown) = (person.name.as_str(), &person.display_name);
            println!("{name:<20} {shown:<12} {}{disabled}", roles.join(" "));
        }
    }
    if json {
        println!("{}", json!({ "users": users }));
    }
    Ok(())
}

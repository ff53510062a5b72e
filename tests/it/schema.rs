//! A database whose schema is not this version's: one clear line, and nothing is changed.

use std::path::Path;
use std::process::Command;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::support::fleet::{Fleet, Servers};
use crate::support::{huibao, only_object, tool};

/// What a later version would have left, and an upgrade that broke off.
const NEWER: &str = "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1";
const HALF: &str = "UPDATE _sqlx_migrations SET success = false WHERE version = 2";

fn sqlite(data: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(data.join("huibao.db"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = options.connect().await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn assert_told(list: &dyn Fn() -> Command, words: [&str; 2]) {
    for (lang, word) in [("zh", words[0]), ("en", words[1])] {
        let output = list().args(["--json", "--lang", lang]).output().unwrap();
        let error = only_object(&output)["error"].clone();
        assert_eq!(output.status.code(), Some(69), "{error}");
        assert_eq!(error["code"], "backend_unavailable");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(word) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn a_file_of_another_version_is_told() {
    for (sql, words) in [
        (NEWER, ["更新版本", "by a newer huibao"]),
        (HALF, ["迁移 2 时中断", "migration 2 was interrupted"]),
    ] {
        let data = tempfile::tempdir().unwrap();
        let list = || {
            let mut command = huibao();
            command.args(["jobs", "list"]).env("HUIBAO_DATA_DIR", data.path());
            command
        };
        assert!(list().output().unwrap().status.success());
        sqlite(data.path(), sql);
        assert_told(&list, words);
    }
}

#[test]
fn a_server_of_another_version_is_told() {
    for (sql, words) in [
        (NEWER, ["更新版本", "by a newer huibao"]),
        (HALF, ["迁移 2 时中断", "migration 2 was interrupted"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let fleet = Fleet::new(&Servers::shared(), folder.path());
        let list = || fleet.command(&["jobs", "list"]);
        assert!(list().output().unwrap().status.success());
        tool("psql", &["-qtA", fleet.database_url(), "-c", sql]);
        assert_told(&list, words);
    }
}

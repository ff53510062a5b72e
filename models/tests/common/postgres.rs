//! The PostgreSQL that the contract suites run against.

use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// Where the PostgreSQL of the tests is.
pub fn postgres_url() -> String {
    std::env::var("HUIBAO_TEST_DATABASE_URL").expect("run scripts/test, which starts the services")
}

/// A URL of a new, empty schema.
pub async fn postgres_schema() -> String {
    let url = postgres_url();
    let schema = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    run(&mut connection, format!("CREATE SCHEMA {schema}")).await;
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}options=-c%20search_path%3D{schema}")
}

/// Notes a migration that this version does not know.
pub async fn pretend_newer(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let row = "INSERT INTO _sqlx_migrations
                   (version, description, success, checksum, execution_time)
               VALUES (9999, 'later', true, '', 0)";
    run(&mut connection, row.to_owned()).await;
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

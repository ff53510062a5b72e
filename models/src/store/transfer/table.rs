//! A table's rows as they are stored, with the statements that read and write them whole.

/// Declares a row type with every column of a table, in the table's order: what is not named here
/// would be lost on the way, so a test compares the names with the schema.
macro_rules! table {
    (
        $row:ident, $table:literal, $of_report:literal, $order:literal,
        { $($column:ident: $type:ty,)+ }
    ) => {
        #[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
        pub(super) struct $row {
            $(pub(super) $column: $type,)+
        }

        impl $row {
            pub(super) const TABLE: &str = $table;
            pub(super) const COLUMNS: &[&str] = &[$(stringify!($column),)+];

            /// The rows of a report, or all rows of a table that belongs to no report, always in the
            /// same order.
            pub(super) async fn read(
                tx: &mut $crate::store::engine::Tx,
                report: Option<uuid::Uuid>,
            ) -> Result<Vec<Self>, $crate::store::StoreError> {
                let statement = format!(
                    "SELECT {} FROM {} WHERE {} ORDER BY {}",
                    Self::COLUMNS.join(", "), Self::TABLE, $of_report, $order
                );
                Ok($crate::store::engine::fetch!(
                    tx,
                    fetch_all,
                    // Made of names in the source alone.
                    sqlx::query_as::<_, Self>(sqlx::AssertSqlSafe(statement)),
                    report
                )?)
            }

            /// Adds the row as it is. Says whether there was none.
            pub(super) async fn write(
                &self,
                tx: &mut $crate::store::engine::Tx,
            ) -> Result<bool, $crate::store::StoreError> {
                let places: Vec<_> =
                    (1..=Self::COLUMNS.len()).map(|place| format!("${place}")).collect();
                let statement = format!(
                    "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
                    Self::TABLE, Self::COLUMNS.join(", "), places.join(", ")
                );
                let added = $crate::store::engine::execute!(
                    tx,
                    sqlx::query(sqlx::AssertSqlSafe(statement)),
                    $(&self.$column),+
                )?;
                Ok(added == 1)
            }
        }
    };
}

pub(super) use table;

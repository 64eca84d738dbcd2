//! The migrations of both databases make the same tables, every row says where
//! it belongs, and each migration can be taken back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use std::collections::{BTreeMap, BTreeSet};

#[derive(QueryableByName, Debug)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

const SQLITE_COLUMNS: &str = "
    SELECT m.name AS table_name, c.name AS column_name,
           lower(c.type) || CASE c.\"notnull\" WHEN 1 THEN '' ELSE ' or null' END AS kind
    FROM sqlite_master m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";

const POSTGRESQL_COLUMNS: &str = "
    SELECT table_name::text, column_name::text,
           data_type || CASE is_nullable WHEN 'NO' THEN '' ELSE ' or null' END AS kind
    FROM information_schema.columns
    WHERE table_schema = 'switchyard_test_tables' AND table_name NOT LIKE '\\_\\_%'";

type Tables = BTreeMap<String, BTreeSet<(String, String)>>;

fn tables(columns: Vec<Column>) -> Tables {
    let mut tables = Tables::new();
    for column in columns {
        tables
            .entry(column.table_name)
            .or_default()
            .insert((column.column_name, column.kind));
    }
    tables
}

fn in_sqlite() -> Tables {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    let migrations = FileBasedMigrations::from_path("migrations/sqlite").unwrap();
    conn.run_pending_migrations(migrations.clone()).unwrap();
    let found = tables(diesel::sql_query(SQLITE_COLUMNS).load(&mut conn).unwrap());
    conn.revert_all_migrations(migrations).unwrap();
    assert!(
        diesel::sql_query(SQLITE_COLUMNS)
            .load::<Column>(&mut conn)
            .unwrap()
            .is_empty()
    );
    found
}

fn in_postgresql(server: &str) -> Tables {
    let mut conn = PgConnection::establish(server).unwrap();
    conn.batch_execute(
        "DROP SCHEMA IF EXISTS switchyard_test_tables CASCADE;
         CREATE SCHEMA switchyard_test_tables; SET search_path TO switchyard_test_tables;",
    )
    .unwrap();
    let migrations = FileBasedMigrations::from_path("migrations/postgresql").unwrap();
    conn.run_pending_migrations(migrations.clone()).unwrap();
    let found = tables(
        diesel::sql_query(POSTGRESQL_COLUMNS)
            .load(&mut conn)
            .unwrap(),
    );
    conn.revert_all_migrations(migrations).unwrap();
    assert!(
        diesel::sql_query(POSTGRESQL_COLUMNS)
            .load::<Column>(&mut conn)
            .unwrap()
            .is_empty()
    );
    conn.batch_execute("DROP SCHEMA switchyard_test_tables CASCADE")
        .unwrap();
    found
}

#[test]
fn every_row_says_to_which_tenant_site_and_switch_it_belongs() {
    let tables = in_sqlite();
    assert!(tables.len() >= 18, "only {} tables found", tables.len());
    for (table, columns) in &tables {
        for name in ["tenant", "site", "switch"] {
            let column = (name.to_owned(), "text".to_owned());
            assert!(
                columns.contains(&column),
                "{table} has no column {name} that is always set"
            );
        }
    }
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = in_sqlite();
    match std::env::var("SWITCHYARD_TEST_POSTGRES") {
        Ok(server) if !server.is_empty() => assert_eq!(sqlite, in_postgresql(&server)),
        _ => eprintln!("skipped: PostgreSQL (SWITCHYARD_TEST_POSTGRES is not set)"),
    }
}

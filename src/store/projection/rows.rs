//! Many rows in one statement: they travel as one JSON parameter, which both
//! databases take apart themselves. Nothing that came from outside is ever part
//! of a statement's text.

use crate::store::AnyConnection;
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;

/// A column's name and type.
pub(super) type Column = (&'static str, &'static str);

/// The rows of one statement. A row has two groups of values.
#[derive(Default)]
pub(super) struct Rows {
    json: Vec<u8>,
}

/// What rows are made of: the columns of both groups.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) first: &'static [Column],
    pub(super) second: &'static [Column],
}

/// A table that rows are added to.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

impl Rows {
    pub(super) fn push(
        &mut self,
        first: impl Serialize,
        second: impl Serialize,
    ) -> QueryResult<()> {
        self.json
            .push(if self.json.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.json, &(first, second))
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
    }

    /// The parameter; none when there are no rows.
    fn into_parameter(mut self) -> QueryResult<Option<String>> {
        if self.json.is_empty() {
            return Ok(None);
        }
        self.json.push(b']');
        String::from_utf8(self.json)
            .map(Some)
            .map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
    }
}

impl Shape {
    fn columns(&self) -> impl Iterator<Item = Column> {
        self.first.iter().chain(self.second).copied()
    }

    /// The rows as a table named `r`.
    fn source(&self, conn: &AnyConnection) -> String {
        let group = |nth: usize, columns: &'static [Column]| {
            columns
                .iter()
                .enumerate()
                .map(move |(place, (name, kind))| {
                    format!(r#"CAST(json.value->{nth}->>{place} AS {kind}) AS "{name}""#)
                })
        };
        let columns: Vec<String> = group(0, self.first).chain(group(1, self.second)).collect();
        let rows = match conn {
            AnyConnection::Postgresql(_) => {
                "jsonb_array_elements(CAST($1 AS jsonb)) AS json(value)"
            }
            AnyConnection::Sqlite(_) => "json_each($1) AS json",
        };
        format!("(SELECT {} FROM {rows}) AS r", columns.join(", "))
    }
}

impl Table {
    /// Adds the rows that are not there already.
    pub(super) fn add(&self, conn: &mut AnyConnection, rows: Rows) -> QueryResult<()> {
        self.insert(conn, rows, "DO NOTHING")
    }

    /// Adds the rows, or puts them in the place of those with the same `key`.
    pub(super) fn put(
        &self,
        conn: &mut AnyConnection,
        rows: Rows,
        key: &[&str],
    ) -> QueryResult<()> {
        let set: Vec<String> = self
            .shape
            .columns()
            .filter(|(name, _)| !key.contains(name))
            .map(|(name, _)| format!(r#""{name}" = excluded."{name}""#))
            .collect();
        let action = format!("({}) DO UPDATE SET {}", key.join(", "), set.join(", "));
        self.insert(conn, rows, &action)
    }

    fn insert(&self, conn: &mut AnyConnection, rows: Rows, action: &str) -> QueryResult<()> {
        let names: Vec<String> = self
            .shape
            .columns()
            .map(|(name, _)| format!(r#""{name}""#))
            .collect();
        let (name, names) = (self.name, names.join(", "));
        // "WHERE true" keeps SQLite from reading ON CONFLICT as a join's condition.
        run(conn, self.shape, rows, |source| {
            format!(
                "INSERT INTO {name} ({names}) SELECT {names} FROM {source} WHERE true \
                 ON CONFLICT {action}"
            )
        })
    }
}

/// Runs a statement over the rows, which it knows as the table `source`.
pub(super) fn run(
    conn: &mut AnyConnection,
    shape: Shape,
    rows: Rows,
    statement: impl FnOnce(&str) -> String,
) -> QueryResult<()> {
    let Some(json) = rows.into_parameter()? else {
        return Ok(());
    };
    let statement = diesel::sql_query(statement(&shape.source(conn))).bind::<Text, _>(json);
    match conn {
        AnyConnection::Postgresql(conn) => statement.execute(conn)?,
        AnyConnection::Sqlite(conn) => statement.execute(conn)?,
    };
    Ok(())
}

/// Reads what a query over the rows finds.
pub(super) fn load<T>(
    conn: &mut AnyConnection,
    shape: Shape,
    rows: Rows,
    query: impl FnOnce(&str) -> String,
) -> QueryResult<Vec<T>>
where
    T: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + 'static,
{
    let Some(json) = rows.into_parameter()? else {
        return Ok(Vec::new());
    };
    let query = diesel::sql_query(query(&shape.source(conn))).bind::<Text, _>(json);
    match conn {
        AnyConnection::Postgresql(conn) => query.load(conn),
        AnyConnection::Sqlite(conn) => query.load(conn),
    }
}

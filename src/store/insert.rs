//! `INSERT … ON CONFLICT DO NOTHING`: the same in both databases, but not
//! offered by diesel where one query serves several.

use crate::store::connection::MultiBackend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

/// An insert that leaves a row alone that is there already.
#[derive(QueryId)]
pub(super) struct IfNew<Insert>(Insert);

/// Makes an insert leave rows alone that are there already.
pub(super) fn if_new<Insert>(insert: Insert) -> IfNew<Insert> {
    IfNew(insert)
}

impl<Insert: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for IfNew<Insert> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl<Insert, Conn> RunQueryDsl<Conn> for IfNew<Insert> {}

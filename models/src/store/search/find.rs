//! Finding reports by words.
//!
//! The index gives candidates, newest first; the row of the report decides whether somebody may see it, and the texts
//! decide whether it has the words.

use std::cmp::Reverse;

use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::Search;
use super::scope::Part;
use crate::domain::access::{ReportScope, Whose};
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, ReportId, RoundId};
use crate::domain::report::ReportKind;
use crate::domain::search::{Excerpt, Passage, TextSource, Words};
use crate::store::engine::Tx;
use crate::store::reports::{ReportFilter, filter, filter_of_any_state, visible_state};
use crate::store::unit::Session;
use crate::store::{ReportOverview, Reports, StoreError};

/// A report is shown with so many passages.
const EXCERPTS: usize = 3;

/// So many candidates are looked at for a page; the next page goes on behind them. Few are none: only those whose
/// pairs of characters stand apart, or in another source.
const CANDIDATES: u32 = 400;

/// So many of the newest reports are looked at before PostgreSQL's index is asked: reading their terms takes about as
/// long as reading the index for terms that a tenth of all reports have.
macro_rules! newest {
    () => {
        "200"
    };
}

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// All of these must be there.
    pub words: Words,
    /// Only in texts from here.
    pub source: Option<TextSource>,
    /// Only in these reports.
    pub filter: ReportFilter,
}

/// A report that has the words.
#[derive(Debug, Clone)]
pub struct Found {
    /// The report.
    pub report: ReportOverview,
    /// Where they stand; of many, the ones with most words.
    pub excerpts: Vec<Excerpt>,
    /// In how many passages they stand.
    pub count: usize,
}

#[derive(FromRow)]
struct Candidate {
    number: i64,
    report_id: Uuid,
    passages: Json<Vec<Passage>>,
}

/// Which candidates are read.
#[derive(Clone, Copy)]
struct Page<'a> {
    before: Option<i64>,
    limit: u32,
    query: &'a SearchQuery,
    not_of: Option<Uuid>,
}

/// A condition on terms in a database's language. Terms have neither quotes nor spaces.
fn condition(words: &Words, one_of: &[String], (and, or, quote): (&str, &str, &str)) -> String {
    let quoted = |term: &String| format!("{quote}{term}{quote}");
    let mut all: Vec<_> = words.terms().iter().map(quoted).collect();
    if !one_of.is_empty() {
        let one_of: Vec<_> = one_of.iter().map(quoted).collect();
        all.push(format!("({})", one_of.join(or)));
    }
    all.join(and)
}

/// Candidates whose reports fulfil a condition. The condition's own values begin at `$10`.
///
/// SQLite's index tells the reports that have all terms from the newest on, so it is read as far as a page needs: once,
/// because it comes first in a cross join, and not for each report of somebody's contacts.
/// PostgreSQL's tells all at once, in no order, and to look for terms without it means to read those of each report.
/// So the newest reports that somebody may see are looked at first, which is enough for terms that many of them have;
/// for others, which have few, the index is asked.
macro_rules! candidates {
    ($tx:expr, $page:expr, $terms:expr, $condition:literal $(, $bind:expr)* $(,)?) => {{
        let (page, terms): (Page<'_>, Vec<String>) = ($page, $terms);
        let words = &page.query.words;
        match $tx {
            Tx::Sqlite(tx) => candidates!(
                @ tx, page, condition(words, &terms, (" AND ", " OR ", "\"")),
                [
                    "SELECT number, report_id, passages
                     FROM search_terms
                     CROSS JOIN search_documents ON number = search_terms.rowid
                     CROSS JOIN reports ON reports.id = report_id
                     WHERE search_terms MATCH $9 AND ($7 IS NULL OR search_terms.rowid < $7)
                       AND ", $condition, " AND ", filter!(),
                    " ORDER BY search_terms.rowid DESC LIMIT $8"
                ]
                $(, $bind)*
            ),
            Tx::Postgres(tx) => candidates!(
                @ tx, page, condition(words, &terms, (" & ", " | ", "'")),
                [
                    "WITH newest AS MATERIALIZED (
                         SELECT number, terms
                         FROM search_documents JOIN reports ON reports.id = report_id
                         WHERE ($7 IS NULL OR number < $7) AND ", $condition, " AND ", filter!(),
                        " ORDER BY number DESC LIMIT ", newest!(), "
                     ), near AS MATERIALIZED (
                         SELECT number FROM newest WHERE terms @@ $9::text::tsquery
                     ), far AS (
                         SELECT number FROM search_indexed($9::text::tsquery)
                         JOIN reports ON reports.id = report_id
                         WHERE number < (SELECT min(number) FROM newest)
                           AND (SELECT count(*) FROM newest) = ", newest!(), "
                           AND (SELECT count(*) FROM near) < $8
                           AND ", $condition, " AND ", filter!(), "
                     ), page AS (
                         SELECT number FROM near UNION ALL SELECT number FROM far
                         ORDER BY number DESC LIMIT $8
                     )
                     SELECT number, report_id, passages FROM page JOIN search_documents USING (number)
                     ORDER BY number DESC"
                ]
                $(, $bind)*
            ),
        }
    }};
    (@ $tx:ident, $page:ident, $terms:expr, [$($sql:tt)*] $(, $bind:expr)*) => {
        sqlx::query_as::<_, Candidate>(concat!($($sql)*))
            // Planned anew for each search: the best plan depends on who asks.
            .persistent(false)
            .bind($page.query.filter.kind.map(ReportKind::as_str))
            .bind($page.query.filter.round.map(RoundId::uuid))
            .bind($page.query.filter.branch.as_ref().map(BranchPath::key))
            .bind($page.query.filter.branch.as_ref().map(BranchPath::end))
            .bind($page.not_of)
            .bind($page.query.filter.states())
            .bind($page.before)
            .bind(i64::from($page.limit))
            .bind($terms)
            $(.bind($bind))*
            .fetch_all(&mut **$tx)
            .await
    };
}

impl<S: Session> Search<'_, S> {
    /// The reports that somebody may read and that have the words: those that were handed in last first, at most
    /// `limit`, and where to go on if there are more.
    pub async fn find(
        &mut self,
        scope: &ReportScope,
        query: &SearchQuery,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<Found>, Option<i64>), StoreError> {
        let mut found = Vec::new();
        let (mut next, mut looked_at) = (before, 0);
        let mut batch = limit;
        loop {
            let candidates = self.candidates(scope, query, next, batch + 1).await?;
            let more = candidates.len() > batch as usize;
            for candidate in candidates.iter().take(batch as usize) {
                if found.len() == limit as usize {
                    return Ok((self.reports(found).await?, next));
                }
                next = Some(candidate.number);
                looked_at += 1;
                let passages = &candidate.passages.0;
                if let Some(hit) = query.words.find(passages, query.source, EXCERPTS) {
                    found.push((ReportId::from(candidate.report_id), hit));
                }
            }
            let full = found.len() == limit as usize || looked_at >= CANDIDATES;
            if !more || full {
                return Ok((self.reports(found).await?, next.filter(|_| more)));
            }
            // Where few candidates have the words, asking costs more than reading them.
            batch = (2 * batch).min(CANDIDATES - looked_at);
        }
    }

    /// Reports of the index that have all terms and that somebody may read, newest first.
    async fn candidates(
        &mut self,
        scope: &ReportScope,
        query: &SearchQuery,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let whose = query.filter.whose;
        let not_of = (whose == Whose::Others).then_some(scope.own.uuid());
        let page = Page { before, limit, query, not_of };
        let mut parts = Vec::new();
        if matches!(whose, Whose::All | Whose::Own) {
            parts.push(Part::Own(scope.own));
        }
        if whose != Whose::Own && !scope.contacts.is_empty() {
            parts.push(Part::Contacts(&scope.contacts));
        }
        if matches!(whose, Whose::All | Whose::Others) {
            parts.extend(scope.branches.iter().map(Part::Branch));
        }
        let mut rows = Vec::new();
        for part in &parts {
            rows.extend(self.part(part, page, scope.own).await?);
        }
        // Each part is complete down to its last row, so what they begin with together is complete.
        rows.sort_unstable_by_key(|row| Reverse(row.number));
        rows.dedup_by_key(|row| row.number);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn part(
        &mut self,
        part: &Part<'_>,
        page: Page<'_>,
        reader: PersonId,
    ) -> Result<Vec<Candidate>, StoreError> {
        let terms = part.terms();
        Ok(match part {
            Part::Own(author) => {
                candidates!(self.0.tx(), page, terms, "author_id = $10", author.uuid())?
            }
            Part::Contacts(_) => candidates!(
                self.0.tx(),
                page,
                terms,
                "author_id IN (SELECT activist_id FROM contacts WHERE contact_id = $10)
                 AND state NOT IN ('draft', 'withdrawn')",
                reader.uuid()
            )?,
            Part::Branch(branch) => candidates!(
                self.0.tx(),
                page,
                terms,
                "branch >= $10 AND branch < $11 AND state NOT IN ('draft', 'withdrawn')",
                branch.key(),
                branch.end()
            )?,
        })
    }

    async fn reports(
        &mut self,
        found: Vec<(ReportId, (Vec<Excerpt>, usize))>,
    ) -> Result<Vec<Found>, StoreError> {
        let ids: Vec<_> = found.iter().map(|(id, _)| *id).collect();
        let mut reports = Reports(&mut *self.0).of_ids(&ids).await?;
        let whole = |(id, (excerpts, count))| {
            let report = reports.remove(&id)?;
            Some(Found { report, excerpts, count })
        };
        Ok(found.into_iter().filter_map(whole).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_all_terms_of_the_words() {
        let words = Words::parse("党史 2024").unwrap();
        let one_of = ["_a1".to_owned(), "_b2".to_owned()];
        let text = condition(&words, &one_of, (" & ", " | ", "'"));
        assert_eq!(text, "'2024' & '党史' & ('_a1' | '_b2')");
        assert_eq!(condition(&words, &[], (" AND ", " OR ", "\"")), "\"2024\" AND \"党史\"");
    }
}

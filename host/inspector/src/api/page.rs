//! Lists come in pages: so many at once, and a word for where the next ones begin.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

const USUAL: usize = 100;
const MOST: usize = 1000;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is in this part.
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` to get what follows; none at the end.
    pub(crate) next: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the part before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub(crate) cursor: Option<String>,
}

impl Part {
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    /// Cuts the part out of a list that is all there.
    pub(crate) fn of<T>(&self, items: Vec<T>) -> Result<Page<T>, Problem> {
        let (limit, from) = (self.limit()?, cursor(self.cursor.as_deref())?.unwrap_or(0));
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let end = from.saturating_add(limit);
        let more = end < items.len();
        let items = items.into_iter().skip(from).take(limit).collect();
        Ok(Page {
            items,
            next: more.then(|| end.to_string()),
        })
    }
}

/// How many of a list are wanted at once.
pub(crate) fn limit(wanted: Option<u32>) -> Result<usize, Problem> {
    let limit = wanted.map_or(USUAL, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    match limit {
        1..=MOST => Ok(limit),
        _ => Err(Problem::bad_request(format!("`limit` is from 1 to {MOST}"))),
    }
}

/// The number that a cursor stands for.
pub(crate) fn cursor(cursor: Option<&str>) -> Result<Option<u64>, Problem> {
    let digits = |cursor: &str| cursor.bytes().all(|byte| byte.is_ascii_digit());
    let number = |cursor: &str| cursor.parse().ok().filter(|_| digits(cursor));
    cursor
        .map(|cursor| {
            let wrong = || Problem::bad_request("`cursor` is the `next` of the part before");
            number(cursor).ok_or_else(wrong)
        })
        .transpose()
}

impl<T> Page<T> {
    /// A part that ends with `last`, with more behind it if it is full.
    pub(crate) fn until(items: Vec<T>, limit: usize, last: impl Fn(&T) -> u64) -> Self {
        let full = items.len() >= limit;
        let next = items
            .last()
            .filter(|_| full)
            .map(|item| last(item).to_string());
        Self { items, next }
    }
}

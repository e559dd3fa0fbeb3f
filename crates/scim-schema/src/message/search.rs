use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{ScimError, ScimType};
use crate::projection::{Projection, ProjectionError};
use crate::resource_type::ResourceType;
use crate::sort::SortOrder;
use crate::urn;

/// A query: from the parameters of a GET (RFC 7644 3.4.2) or the body of a POST to `/.search` (3.4.3).
///
/// Paths and the filter are still text, because their meaning depends on the resource type.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// Names to return alone.
    pub attributes: Vec<String>,
    /// Names not to return.
    pub excluded_attributes: Vec<String>,
    /// The filter.
    pub filter: Option<String>,
    /// Path to sort by.
    pub sort_by: Option<String>,
    /// Direction; means nothing without `sort_by`.
    pub sort_order: SortOrder,
    /// First resource wanted, from 1, as sent; see [`SearchRequest::page`].
    pub start_index: Option<i64>,
    /// Resources wanted at most, as sent; see [`SearchRequest::page`].
    pub count: Option<i64>,
    /// Cursor (RFC 9865): `Some("")` starts paging by cursor, `None` is paging by index or by the default.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// Reads query parameters that the host has percent-decoded once. Parameters that SCIM does not know are ignored
    /// (RFC 7644 3.4.2); names count in any ASCII case.
    ///
    /// # Errors
    /// [`QueryError`].
    ///
    /// # Examples
    /// ```
    /// use scim_schema::message::{PageSizes, SearchRequest};
    ///
    /// let pairs = [("filter", "userName eq \"x\""), ("startIndex", "0"), ("count", "1000"), ("aadOptscim062020", "")];
    /// let search = SearchRequest::from_query(pairs)?;
    /// assert_eq!(search.filter.as_deref(), Some("userName eq \"x\""));
    ///
    /// let page = search.page(&PageSizes { default: 100, max: 200 });
    /// assert_eq!((page.start_index, page.count), (1, 200));
    /// # Ok::<(), scim_schema::message::QueryError>(())
    /// ```
    pub fn from_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, QueryError> {
        let mut values: [Option<&str>; PARAMETERS.len()] = [None; PARAMETERS.len()];
        for (name, value) in pairs {
            let known =
                PARAMETERS.iter().zip(&mut values).find(|(known, _)| known.eq_ignore_ascii_case(name));
            if let Some((known, slot)) = known {
                // Which of two filters counts must not be a guess.
                if slot.replace(value).is_some() {
                    return Err(QueryError::Repeated { parameter: known });
                }
            }
        }
        let [attributes, excluded, filter, sort_by, sort_order, start_index, count, cursor] = values;
        let names = |list: Option<&str>| -> Vec<String> {
            let names = list.unwrap_or_default().split(',').map(str::trim);
            names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let by_cursor = cursor.is_some();
        Ok(Self {
            attributes: names(attributes),
            excluded_attributes: names(excluded),
            filter: filter.map(str::to_owned),
            sort_by: sort_by.filter(|path| !path.is_empty()).map(str::to_owned),
            sort_order: sort_order.map(read_order).transpose()?.unwrap_or_default(),
            start_index: start_index
                .map(|text| read_number(text).ok_or(QueryError::NotANumber { parameter: "startIndex" }))
                .transpose()?,
            count: count.map(|text| read_number(text).ok_or_else(|| wrong_count(by_cursor))).transpose()?,
            cursor: cursor.map(str::to_owned),
        })
    }

    /// Reads the body of a search request, e.g. from [`parse_object`](crate::parse_object). Names count in any ASCII
    /// case; what SCIM does not know is ignored.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, QueryError> {
        let field = |name: &str| {
            body.iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, v)| v)
                .filter(|v| !v.is_null())
        };
        let is_search = field("schemas").and_then(Value::as_array).is_some_and(|urns| {
            urns.iter().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(urn::SEARCH_REQUEST))
        });
        if !is_search {
            return Err(QueryError::NotASearchRequest);
        }
        let text = |parameter: &'static str| match field(parameter) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(QueryError::WrongType { parameter, expected: "a string" }),
        };
        let names = |parameter: &'static str| {
            let wrong = || QueryError::WrongType { parameter, expected: "an array of strings" };
            match field(parameter) {
                None => Ok(Vec::new()),
                Some(Value::Array(items)) => {
                    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
                }
                Some(_) => Err(wrong()),
            }
        };
        let by_cursor = field("cursor").is_some();
        Ok(Self {
            attributes: names("attributes")?,
            excluded_attributes: names("excludedAttributes")?,
            filter: text("filter")?,
            sort_by: text("sortBy")?.filter(|path| !path.is_empty()),
            sort_order: text("sortOrder")?.as_deref().map(read_order).transpose()?.unwrap_or_default(),
            start_index: field("startIndex")
                .map(|value| whole(value).ok_or(QueryError::NotANumber { parameter: "startIndex" }))
                .transpose()?,
            count: field("count")
                .map(|value| whole(value).ok_or_else(|| wrong_count(by_cursor)))
                .transpose()?,
            cursor: text("cursor")?,
        })
    }

    /// Holds the wanted page to what the service offers (RFC 7644 3.4.2.4): a start below 1 is 1, a negative count is
    /// 0, a count above the maximum is the maximum.
    pub fn page(&self, sizes: &PageSizes) -> Page {
        let at_least = |value: i64, least: u64| u64::try_from(value).unwrap_or(0).max(least);
        Page {
            start_index: self.start_index.map_or(1, |start| at_least(start, 1)),
            count: self.count.map_or(sizes.default, |count| at_least(count, 0)).min(sizes.max),
        }
    }

    /// The choice of attributes for one resource type.
    ///
    /// # Errors
    /// [`ProjectionError`].
    pub fn projection(&self, resource_type: &ResourceType) -> Result<Projection, ProjectionError> {
        Projection::new(resource_type, &self.attributes, &self.excluded_attributes)
    }
}

/// How many resources a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageSizes {
    /// When the client states no count.
    pub default: u64,
    /// At most, whatever the client states.
    pub max: u64,
}

impl Default for PageSizes {
    /// 100 and 200: what the known identity providers ask for, and twice that.
    fn default() -> Self {
        Self { default: 100, max: 200 }
    }
}

/// The page that a query gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// First resource, from 1.
    pub start_index: u64,
    /// Resources at most; 0 asks for the total alone.
    pub count: u64,
}

impl Page {
    /// Resources to skip before the page.
    pub fn offset(&self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

/// Why a query was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A parameter is there twice.
    #[error("`{parameter}` is given twice")]
    Repeated {
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter must be a whole number.
    #[error("`{parameter}` must be a whole number")]
    NotANumber {
        /// The parameter.
        parameter: &'static str,
    },
    /// RFC 9865 2.1: with a cursor, `count` has an error of its own.
    #[error("`count` must be a whole number")]
    InvalidCount,
    /// `sortOrder` is neither of its two words.
    #[error("`sortOrder` must be ascending or descending")]
    SortOrder,
    /// A member of a search request has another JSON type.
    #[error("`{parameter}` must be {expected}")]
    WrongType {
        /// The member.
        parameter: &'static str,
        /// What would be accepted.
        expected: &'static str,
    },
    /// The body does not say that it is a search request.
    #[error("`schemas` must hold {}", urn::SEARCH_REQUEST)]
    NotASearchRequest,
}

impl ScimError for QueryError {
    fn status(&self) -> u16 {
        400
    }

    fn scim_type(&self) -> Option<ScimType> {
        Some(match self {
            Self::InvalidCount => ScimType::InvalidCount,
            Self::WrongType { .. } | Self::NotASearchRequest => ScimType::InvalidSyntax,
            Self::Repeated { .. } | Self::NotANumber { .. } | Self::SortOrder => ScimType::InvalidValue,
        })
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Repeated { .. } => "scim.query.repeated",
            Self::NotANumber { .. } => "scim.query.not_a_number",
            Self::InvalidCount => "scim.query.invalid_count",
            Self::SortOrder => "scim.query.sort_order",
            Self::WrongType { .. } => "scim.query.wrong_type",
            Self::NotASearchRequest => "scim.query.not_a_search_request",
        }
    }
}

fn wrong_count(by_cursor: bool) -> QueryError {
    if by_cursor { QueryError::InvalidCount } else { QueryError::NotANumber { parameter: "count" } }
}

fn read_order(text: &str) -> Result<SortOrder, QueryError> {
    if text.eq_ignore_ascii_case("ascending") {
        Ok(SortOrder::Ascending)
    } else if text.eq_ignore_ascii_case("descending") {
        Ok(SortOrder::Descending)
    } else {
        Err(QueryError::SortOrder)
    }
}

/// A whole number; one that 64 bits cannot hold is as good as the largest or smallest.
fn read_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_u64().map(|_| i64::MAX))
}

/// In the order in which `from_query` takes them apart.
const PARAMETERS: [&str; 8] =
    ["attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"];

use std::collections::BTreeMap;

use scim_schema::AttrPath;

/// Where a host keeps what filters ask for. What is not named here is refused.
///
/// The SQL in it is the host's own and is copied as it is; only ever put text from your own source code in.
/// Paths are in attribute notation, in any case: `userName`, `name.familyName`, `emails.value`,
/// `urn:...:enterprise:2.0:User:department`. For each question the longest path that is named wins, then the search
/// document.
///
/// ```
/// use scim_filter::{Column, Columns, Table};
///
/// // Tables: users u; a side index over e-mail addresses.
/// let users = Columns::new()
///     .column("id", Column::text("u.id"))
///     .column("userName", Column::text("u.user_name_key"))
///     .column("meta.lastModified", Column::instant_millis("u.updated_at"))
///     .table(
///         "emails.value",
///         Table::new("user_emails AS e", "e.user_id", "u.id").only_if("e.tenant_id = $1").column("value", Column::text("e.value_key")),
///     )
///     .deny("meta.version")
///     .document("u.search");
///
/// // Groups: membership is a table of its own.
/// let groups = Columns::new().document("g.search").table(
///     "members",
///     Table::new("group_members AS m", "m.group_id", "g.id").column("value", Column::text("m.member_id")),
/// );
/// # let _ = (users, groups);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    sources: BTreeMap<String, Source>,
    document: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Column(Column),
    Deny,
    Table(Table),
}

impl Columns {
    /// A map that names nothing: every filter is refused.
    #[must_use]
    pub fn new() -> Columns {
        Columns::default()
    }

    /// Names the column with the [search document](crate::search_document), which answers for every attribute that
    /// has no place of its own.
    #[must_use]
    pub fn document(mut self, sql: impl Into<String>) -> Columns {
        self.document = Some(sql.into());
        self
    }

    /// Names the column of a single-valued attribute, or of a sub-attribute of one.
    #[must_use]
    pub fn column(self, path: &str, column: Column) -> Columns {
        self.with(path, Source::Column(column))
    }

    /// Names a child table: one row for each element of a multi-valued attribute (path `members`), or a side index
    /// with one row for each value of one sub-attribute (path `emails.value`, column `value`).
    ///
    /// The columns named are all that is asked: an element has a value if one of them has. An element of which
    /// [nothing is ever returned](scim_schema::Attribute::shows) must have no row.
    ///
    /// A side index must be complete. It answers questions about that sub-attribute alone; for a value path such as
    /// `emails[type eq "work" and value eq "x"]` it finds candidates, and the search document decides.
    #[must_use]
    pub fn table(self, path: &str, table: Table) -> Columns {
        self.with(path, Source::Table(table))
    }

    /// Refuses filters on an attribute although the search document could answer them.
    #[must_use]
    pub fn deny(self, path: &str) -> Columns {
        self.with(path, Source::Deny)
    }

    pub(super) fn source(&self, path: &AttrPath) -> Option<&Source> {
        self.sources.get(&path.to_string().to_ascii_lowercase())
    }

    pub(super) fn search_document(&self) -> Option<&str> {
        self.document.as_deref()
    }

    fn with(mut self, path: &str, source: Source) -> Columns {
        self.sources.insert(path.to_ascii_lowercase(), source);
        self
    }
}

/// A column, or another SQL expression, that holds the comparison keys of one attribute; NULL where unassigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub(super) sql: String,
    pub(super) kind: ColumnKind,
}

impl Column {
    /// A column of a given kind.
    #[must_use]
    pub fn new(sql: impl Into<String>, kind: ColumnKind) -> Column {
        Column { sql: sql.into(), kind }
    }

    /// Text: the value's [`scim_schema::compare_key`], so the value itself for `caseExact` ASCII.
    #[must_use]
    pub fn text(sql: impl Into<String>) -> Column {
        Column::new(sql, ColumnKind::Text)
    }

    /// `boolean` in PostgreSQL, 0 or 1 in SQLite.
    #[must_use]
    pub fn boolean(sql: impl Into<String>) -> Column {
        Column::new(sql, ColumnKind::Boolean)
    }

    /// A number, of any numeric type.
    #[must_use]
    pub fn number(sql: impl Into<String>) -> Column {
        Column::new(sql, ColumnKind::Number)
    }

    /// An instant as whole milliseconds since 1970 UTC.
    #[must_use]
    pub fn instant_millis(sql: impl Into<String>) -> Column {
        Column::new(sql, ColumnKind::InstantMillis)
    }

    /// An instant as whole microseconds since 1970 UTC.
    #[must_use]
    pub fn instant_micros(sql: impl Into<String>) -> Column {
        Column::new(sql, ColumnKind::InstantMicros)
    }
}

/// What a column holds.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// `boolean` in PostgreSQL, 0 or 1 in SQLite.
    Boolean,
    /// Whole microseconds since 1970 UTC.
    InstantMicros,
    /// Whole milliseconds since 1970 UTC.
    InstantMillis,
    /// A number, of any numeric type.
    Number,
    /// Text that compares as bytes: the value's [`scim_schema::compare_key`]. SQLite's default collation; PostgreSQL
    /// is told `COLLATE "C"` where order matters, so give that to the index too.
    Text,
}

/// A table with a row for each element of a multi-valued attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub(super) from: String,
    pub(super) inner_key: String,
    pub(super) outer_key: String,
    pub(super) only_if: Option<String>,
    columns: BTreeMap<String, Column>,
}

impl Table {
    /// Names the table as in `FROM` (`group_members AS m`), and the two expressions, both never NULL, whose equality
    /// ties its rows (`m.group_id`) to the resource's row (`g.id`).
    #[must_use]
    pub fn new(from: impl Into<String>, inner_key: impl Into<String>, outer_key: impl Into<String>) -> Table {
        Table {
            from: from.into(),
            inner_key: inner_key.into(),
            outer_key: outer_key.into(),
            only_if: None,
            columns: BTreeMap::new(),
        }
    }

    /// Adds a condition on the rows, such as the tenant or the attribute in a shared side index. It may use the
    /// host's own placeholders; it should not mention the outer table, so that the database can start from here.
    #[must_use]
    pub fn only_if(mut self, sql: impl Into<String>) -> Table {
        self.only_if = Some(sql.into());
        self
    }

    /// Names the column of a sub-attribute; `value` for the elements of a simple attribute.
    #[must_use]
    pub fn column(mut self, sub_attribute: &str, column: Column) -> Table {
        self.columns.insert(sub_attribute.to_ascii_lowercase(), column);
        self
    }

    pub(super) fn sub_column(&self, sub_attribute: &str) -> Option<&Column> {
        self.columns.get(&sub_attribute.to_ascii_lowercase())
    }
}

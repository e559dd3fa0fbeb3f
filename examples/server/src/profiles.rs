//! The products that this server runs: those that come with it and those of a folder, each a JSON file.
//!
//! All of them are read and checked before anything else happens: a mistake in one stops the start, with file, line,
//! column and field.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenant_model::{PathTemplate, ProductProfile, ProfileError, ProfileId, Tenant};

use crate::http::scim::check_schemas;

/// The products that this server runs.
#[derive(Clone, Debug)]
pub struct Profiles(Arc<BTreeMap<ProfileId, Arc<ProductProfile>>>);

impl Profiles {
    /// Those that come with the server, and those of a folder.
    ///
    /// # Errors
    /// [`ProfilesError`] for the first mistake; then none of them is used.
    pub fn load(folder: Option<&Path>) -> Result<Self, ProfilesError> {
        let mut texts: Vec<(PathBuf, String)> = ProductProfile::BUILT_IN
            .iter()
            .map(|(id, json)| (PathBuf::from(format!("{BUILT_IN}{id}.json")), (*json).to_owned()))
            .collect();
        if let Some(folder) = folder {
            texts.extend(read_folder(folder)?);
        }
        let mut found: BTreeMap<ProfileId, Known> = BTreeMap::new();
        for (file, json) in texts {
            let profile = Arc::new(read(&file, &json)?);
            let wrong = |field: &str, reason: String| ProfilesError::Profile {
                error: ProfileError::of_field(&json, field, reason),
                file: file.clone(),
            };
            if let Some(other) = found.get(&profile.id) {
                return Err(wrong("id", format!("{} has this id too", other.file.display())));
            }
            for (field, kind, path) in endpoints(&profile) {
                if RESERVED.iter().any(|taken| is_reserved(taken, path)) {
                    return Err(wrong(&field, "the server itself answers there".to_owned()));
                }
                for other in found.values() {
                    let clash = endpoints(&other.profile).into_iter().find(|(_, other_kind, other_path)| {
                        kind != *other_kind
                            && path.overlaps(other_path, !(kind == SCIM || *other_kind == SCIM))
                    });
                    if let Some((other_field, ..)) = clash {
                        let reason =
                            format!("a request could also mean {other_field} of {}", other.profile.id);
                        return Err(wrong(&field, reason));
                    }
                }
            }
            found.insert(profile.id.clone(), Known { file, profile });
        }
        Ok(Self(Arc::new(found.into_iter().map(|(id, known)| (id, known.profile)).collect())))
    }

    /// A product by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<ProductProfile>> {
        self.0.get(id)
    }

    /// The product of a tenant; `None` if it is not loaded.
    #[must_use]
    pub fn of(&self, tenant: &Tenant) -> Option<&Arc<ProductProfile>> {
        self.0.get(&tenant.profile)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ProductProfile>> {
        self.0.values()
    }
}

/// Why the products cannot be used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfilesError {
    /// The folder holds no profile.
    #[error("{path} holds no profile: a profile is a file whose name ends in .json", path = .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A profile has a mistake.
    #[error("{file}: {error}", file = .file.display())]
    Profile {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        error: ProfileError,
    },
    /// A folder or a file cannot be read.
    #[error("{path}: {reason}", path = .path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

struct Known {
    file: PathBuf,
    profile: Arc<ProductProfile>,
}

fn read(file: &Path, json: &str) -> Result<ProductProfile, ProfilesError> {
    let wrong = |error| ProfilesError::Profile { file: file.to_path_buf(), error };
    let profile = ProductProfile::parse(json).map_err(wrong)?;
    check_schemas(&profile.scim.capabilities())
        .map_err(|(field, reason)| wrong(ProfileError::of_field(json, &field, reason)))?;
    Ok(profile)
}

fn read_folder(folder: &Path) -> Result<Vec<(PathBuf, String)>, ProfilesError> {
    let failed = |path: &Path, error: std::io::Error| ProfilesError::Read {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(ProfilesError::Empty { path: folder.to_path_buf() });
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let length = std::fs::metadata(&path).map_err(|error| failed(&path, error))?.len();
            if length > MOST_BYTES {
                let reason = format!("{length} bytes, of which at most {MOST_BYTES} are read");
                return Err(ProfilesError::Read { path, reason });
            }
            let json = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            Ok((path, json))
        })
        .collect()
}

/// Each endpoint of a product: its field, its kind, its path.
fn endpoints(profile: &ProductProfile) -> Vec<(String, &'static str, &PathTemplate)> {
    let saml = profile.saml.iter().flat_map(|saml| saml.paths.all());
    let mut all: Vec<_> = saml.map(|(name, path)| (format!("saml.paths.{name}"), name, path)).collect();
    let further = profile.scim.also_at.iter().enumerate();
    all.push(("scim.base".to_owned(), SCIM, &profile.scim.base));
    all.extend(further.map(|(place, path)| (format!("scim.also_at[{place}]"), SCIM, path)));
    all
}

fn is_reserved(taken: &str, path: &PathTemplate) -> bool {
    PathTemplate::parse(taken).is_ok_and(|taken| taken.overlaps(path, false))
}

const BUILT_IN: &str = "built in: ";
const SCIM: &str = "scim";
/// A profile with its schemas has some kilobytes.
const MOST_BYTES: u64 = 1_048_576;
/// What the server answers by itself, whatever the products are.
const RESERVED: [&str; 12] = [
    "/admin",
    "/assets",
    "/demo",
    "/favicon.ico",
    "/healthz",
    "/metrics",
    "/oauth",
    "/readyz",
    "/sign-in",
    "/v1/hooks",
    "/v1/members",
    "/v1/session",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("profiles-{}-{name}", std::process::id()));
        // What an earlier run left behind must not be read.
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        for (file, text) in files {
            std::fs::write(path.join(file), text).unwrap();
        }
        path
    }

    fn refusal(name: &str, files: &[(&str, &str)]) -> String {
        let path = folder(name, files);
        let error = Profiles::load(Some(&path)).unwrap_err().to_string();
        std::fs::remove_dir_all(&path).unwrap();
        error
    }

    fn fifth(from: &str, to: &str) -> String {
        let json = r#"{
  "id": "fifth",
  "display_name": "Fifth",
  "scim": {
    "base": "/fifth/scim/v2",
    "resources": {"User": ["read"]}
  }
}"#;
        assert!(json.contains(from));
        json.replace(from, to)
    }

    #[test]
    fn the_built_in_products_go_together() {
        let profiles = Profiles::load(None).unwrap();
        let ids: Vec<_> = profiles.iter().map(|profile| profile.id.as_str()).collect();
        assert_eq!(ids, ["standard", "toktra", "tonkean", "toplyne", "torii"]);
    }

    #[test]
    fn a_file_of_a_folder_is_one_more_product() {
        let path = folder("good", &[("fifth.json", &fifth("Fifth", "Five")), ("README.md", "not a profile")]);
        let profiles = Profiles::load(Some(&path)).unwrap();
        std::fs::remove_dir_all(&path).unwrap();
        assert_eq!(profiles.get("fifth").unwrap().display_name, "Five");
        assert!(profiles.get("toktra").is_some());
    }

    #[test]
    fn a_mistake_is_told_with_file_line_column_and_field() {
        for (name, from, to, told) in [
            (
                "key",
                "\"display_name\"",
                "\"display_nam\"",
                "a.json: line 3, column 18, field `display_nam`: unknown field",
            ),
            (
                "path",
                "/fifth/scim/v2",
                "/fifth/{x}",
                "a.json: line 5, column 13, field `scim.base`: path has not the form",
            ),
            (
                "taken",
                "/fifth/scim/v2",
                "/admin/scim",
                "a.json: line 5, column 13, field `scim.base`: the server itself",
            ),
            (
                "clash",
                "/fifth/scim/v2",
                "/v1/sso",
                "a.json: line 5, column 13, field `scim.base`: a request could also mean saml.paths.metadata of standard",
            ),
            (
                "id",
                "\"fifth\"",
                "\"torii\"",
                "a.json: line 2, column 9, field `id`: built in: torii.json has this id too",
            ),
        ] {
            let error = refusal(name, &[("a.json", &fifth(from, to))]);
            assert!(error.contains(told), "{error}");
        }
        let schema = r#"{"User": ["read"]}, "extensions": [{"on": "User", "id": "urn:x", "name": "X",
            "attributes": [{"name": "a", "type": "strin"}]}]"#;
        let error = refusal("schema", &[("a.json", &fifth(r#"{"User": ["read"]}"#, schema))]);
        assert!(error.contains("a.json: line 6, column 53, field `scim.extensions[0]`"), "{error}");
        assert!(refusal("broken", &[("a.json", "{")]).contains("a.json: line 1, column 1"), "broken JSON");
    }

    #[test]
    fn a_folder_without_profiles_is_a_mistake_too() {
        assert!(refusal("empty", &[("README.md", "x")]).contains("holds no profile"));
        assert!(Profiles::load(Some(Path::new("/nowhere/at/all"))).is_err());
    }
}

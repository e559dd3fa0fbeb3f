//! Passwords that a directory keeps in step: stored as a slow hash, for products that offer it.
//!
//! Nobody signs in to this server with one. It is kept so that a product which does can be built on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use openssl::pkcs5::scrypt;
use scim_schema::prepare_password;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::random;

/// Makes the hash to store: `scrypt$N$r$p$salt$hash`.
///
/// # Errors
/// What OpenSSL or the source of randomness said, as text.
pub fn hash(password: &str) -> Result<String, String> {
    let salt: [u8; 16] = random::bytes().map_err(|error| error.to_string())?;
    let hash = derive(password, &salt)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("{PREFIX}{salt}${hash}"))
}

/// Whether a password is the one that was hashed.
#[must_use]
pub fn is(password: &str, stored: &str) -> bool {
    let Some((salt, hash)) = stored.strip_prefix(PREFIX).and_then(|rest| rest.split_once('$')) else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (STANDARD_NO_PAD.decode(salt), STANDARD_NO_PAD.decode(hash)) else {
        return false;
    };
    derive(password, &salt).is_ok_and(|again| again.as_slice().ct_eq(&hash).into())
}

/// The password that a request seems to set, so that it can be hashed before a transaction is opened: what is really
/// set, only the schema says.
#[must_use]
pub fn likely(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let own = |value: &Value| {
        let fields = value.as_object()?;
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("password"));
        found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    if let Some(found) = own(&json) {
        return Some(found);
    }
    let operations = json.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"))?.1;
    operations.as_array()?.iter().find_map(|operation| {
        let value = operation.get("value")?;
        match operation.get("path").and_then(Value::as_str) {
            Some(path) if path.eq_ignore_ascii_case("password") => value.as_str().map(str::to_owned),
            Some(_) => None,
            None => own(value),
        }
    })
}

fn derive(password: &str, salt: &[u8]) -> Result<[u8; 32], String> {
    let mut out = [0_u8; 32];
    let password = prepare_password(password);
    scrypt(password.as_bytes(), salt, COST, 8, 3, MOST_MEMORY, &mut out)
        .map_err(|error| error.to_string())?;
    Ok(out)
}

/// 32 MiB and three passes, as OWASP's page on storing passwords has it for scrypt.
const COST: u64 = 32_768;
const PREFIX: &str = "scrypt$32768$8$3$";
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let stored = hash("t1meMa$heen").unwrap();
        assert!(!stored.contains("t1meMa"));
        assert!(is("t1meMa$heen", &stored));
        assert!(!is("t1meMa$heeN", &stored) && !is("", &stored) && !is("x", "") && !is("x", PREFIX));
        assert_ne!(hash("t1meMa$heen").unwrap(), stored, "salted");
    }

    #[test]
    fn a_password_is_found_where_clients_write_it() {
        let found = |body: &str| likely(body.as_bytes());
        assert_eq!(found(r#"{"userName": "a", "Password": "x"}"#).as_deref(), Some("x"));
        let patch =
            |op: &str| format!(r#"{{"Operations": [{{"op": "add", "path": "title", "value": "t"}}, {op}]}}"#);
        assert_eq!(
            found(&patch(r#"{"op": "replace", "path": "password", "value": "y"}"#)).as_deref(),
            Some("y")
        );
        assert_eq!(found(&patch(r#"{"op": "replace", "value": {"password": "z"}}"#)).as_deref(), Some("z"));
        for none in ["", "[]", r#"{"userName": "a"}"#, r#"{"password": 1}"#, r#"{"Operations": [1]}"#] {
            assert_eq!(found(none), None, "{none}");
        }
    }
}

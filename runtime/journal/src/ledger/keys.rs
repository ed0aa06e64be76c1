//! The signing key: a file that only its owner may read, the public key beside it.

use super::LedgerError;
use super::hash::{from_hex, hex};
use crate::storage::sync_folder;
use ed25519_dalek::SigningKey;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

fn fails(during: &'static str) -> impl Fn(io::Error) -> LedgerError {
    move |error| LedgerError::of(during, error)
}

/// Where the public key of a signing key lies.
pub fn public_path(path: &Path) -> PathBuf {
    path.with_extension("pub")
}

/// The signing key at `path`, made at the first start with mode 0600; the public key is
/// written beside it as hexadecimal text (`.pub`), for whoever verifies.
///
/// # Errors
/// [`LedgerError`] if it cannot be read, made, or is open to others.
pub fn signing_key(path: &Path) -> Result<SigningKey, LedgerError> {
    let key = match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => {
            refuse_open(path, &file)?;
            let mut text = String::new();
            file.read_to_string(&mut text)
                .map_err(fails("reading the signing key"))?;
            let seed = from_hex::<32>(&text).ok_or_else(|| LedgerError::Key {
                path: path.to_path_buf(),
                message: "it is not 64 hexadecimal digits".into(),
            })?;
            SigningKey::from_bytes(&seed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        Err(error) => return Err(LedgerError::of("opening the signing key", error)),
    };
    let public = public_path(path);
    let text = format!("{}\n", hex(&key.verifying_key().to_bytes()));
    if std::fs::read_to_string(&public).ok().as_deref() != Some(&*text) {
        std::fs::write(&public, text).map_err(fails("writing the public key"))?;
    }
    Ok(key)
}

fn make(path: &Path) -> Result<SigningKey, LedgerError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| LedgerError::Key {
        path: path.to_path_buf(),
        message: error.to_string(),
    })?;
    // Whole under its name or not there: a start that was cut short leaves no half of it.
    let draft = path.with_extension("key-draft");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let during = "making the signing key";
    let mut file = options.open(&draft).map_err(fails(during))?;
    file.write_all(format!("{}\n", hex(&seed)).as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&draft, path))
        .and_then(|()| sync_folder(path))
        .map_err(fails(during))?;
    Ok(SigningKey::from_bytes(&seed))
}

#[cfg(unix)]
fn refuse_open(path: &Path, file: &std::fs::File) -> Result<(), LedgerError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file
        .metadata()
        .map_err(fails("reading the signing key"))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(LedgerError::Key {
        path: path.to_path_buf(),
        message: format!("others may read it (mode {:o}); chmod 600", mode & 0o777),
    })
}

#[cfg(not(unix))]
fn refuse_open(_: &Path, _: &std::fs::File) -> Result<(), LedgerError> {
    Ok(())
}

/// Reads a public key: 64 hexadecimal digits.
///
/// # Errors
/// [`LedgerError`] if it cannot be read or is none.
pub fn read_public(path: &Path) -> Result<[u8; 32], LedgerError> {
    let text = std::fs::read_to_string(path).map_err(fails("reading the public key"))?;
    from_hex(&text).ok_or_else(|| LedgerError::Key {
        path: path.to_path_buf(),
        message: "it is not 64 hexadecimal digits".into(),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("scanloop-{}-keys", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ledger.key");
        let key = signing_key(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(signing_key(&path).unwrap(), key);
        let public = read_public(&public_path(&path)).unwrap();
        assert_eq!(public, key.verifying_key().to_bytes());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = signing_key(&path).unwrap_err().to_string();
        assert!(error.contains("others may read it"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "short").unwrap();
        assert!(signing_key(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

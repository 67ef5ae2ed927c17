//! Why a program that exists cannot be started: the kernel also says that no such file exists when
//! a file is missing that the program needs to be loaded.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// How many bytes of a script's first line the kernel reads.
const LINE: usize = 256;
/// The longest path of a loader, in bytes.
const PATH: u64 = 4096;
/// The most parts of a program's header that are looked at.
const PARTS: u16 = 256;
/// The type of the part that names the loader (`PT_INTERP`).
const INTERPRETER: u32 = 3;

/// What an existing program lacks to be started, in words; none when its loader or interpreter
/// exists or cannot be found out.
pub fn missing(program: &Path) -> Option<String> {
    let file = File::open(program).ok()?;
    let (name, what, advice) = match loader(&file) {
        Some(name) => {
            let advice =
                "it was built for another system or C library: install one that fits this node, or a static one";
            (name, "needs the loader", advice)
        }
        None => (script(&file)?, "is a script for", "install that, or correct the script's first line"),
    };
    let path = Path::new(OsStr::from_bytes(&name));
    // A relative path is looked up in our working directory.
    let is_there = path.try_exists().unwrap_or(true);
    let shown = String::from_utf8_lossy(&name);
    (!is_there).then(|| format!("it {what} {shown:?}, which is not on this node: {advice}"))
}

/// The loader that an ELF program names.
fn loader(file: &File) -> Option<Vec<u8>> {
    let header: [u8; 64] = bytes(file, 0)?;
    let is_wide = match header {
        [0x7f, b'E', b'L', b'F', 1, 1, ..] => false,
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => true,
        _ => return None,
    };
    let half = |at: usize| Some(u16::from_le_bytes(header.get(at..at + 2)?.try_into().ok()?));
    let (table, size, count) = if is_wide {
        (u64::from_le_bytes(header.get(32..40)?.try_into().ok()?), half(54)?, half(56)?)
    } else {
        (u32::from_le_bytes(header.get(28..32)?.try_into().ok()?).into(), half(42)?, half(44)?)
    };
    for index in 0..count.min(PARTS) {
        let part: [u8; 40] = bytes(file, table.checked_add(u64::from(index) * u64::from(size))?)?;
        let word = |at: usize| Some(u32::from_le_bytes(part.get(at..at + 4)?.try_into().ok()?));
        if word(0)? != INTERPRETER {
            continue;
        }
        let long = |at: usize| Some(u64::from_le_bytes(part.get(at..at + 8)?.try_into().ok()?));
        let (at, length) = if is_wide { (long(8)?, long(32)?) } else { (word(4)?.into(), word(16)?.into()) };
        let mut name = vec![0; usize::try_from(length.min(PATH)).ok()?];
        file.read_exact_at(&mut name, at).ok()?;
        name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
        return Some(name).filter(|name| !name.is_empty());
    }
    None
}

/// The interpreter that a script names.
fn script(file: &File) -> Option<Vec<u8>> {
    let mut start = [0; LINE];
    let length = file.read_at(&mut start, 0).ok()?;
    let line = start.get(..length)?.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    // A `\r` at the line's end belongs to the name, and is why there is no such file.
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let name = line.split(blank).find(|word| !word.is_empty())?;
    Some(name.to_vec())
}

fn bytes<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    fn file(content: &[u8]) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        fs::write(&path, content).unwrap();
        (dir, path)
    }

    /// A 32-bit or 64-bit program that names a loader.
    fn elf(is_wide: bool, loader: &str) -> Vec<u8> {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', if is_wide { 2 } else { 1 }, 1]);
        let (table, size, count, part) = if is_wide { (32, 54, 56, 56_usize) } else { (28, 42, 44, 32) };
        elf[table] = 64;
        elf[size] = u8::try_from(part).unwrap();
        elf[count] = 2;
        let mut parts = vec![0; 2 * part];
        parts[0] = 1;
        parts[part] = 3;
        let name = loader.as_bytes();
        let (at, length) = if is_wide { (8, 32) } else { (4, 16) };
        parts[part + at] = u8::try_from(64 + 2 * part).unwrap();
        parts[part + length] = u8::try_from(name.len() + 1).unwrap();
        elf.extend(parts);
        elf.extend(name);
        elf.extend([0; 16]);
        elf
    }

    #[test]
    fn a_loader_or_interpreter_that_is_not_there_is_named() {
        for is_wide in [true, false] {
            let (_dir, path) = file(&elf(is_wide, "/lib/ld-nowhere.so.1"));
            let said = missing(&path).unwrap();
            assert!(said.contains("needs the loader \"/lib/ld-nowhere.so.1\""), "{said}");
            let (_dir, path) = file(&elf(is_wide, "/bin/sh"));
            assert_eq!(missing(&path), None);
        }
        for (script, name) in [
            ("#!/usr/bin/nopython3 -u\nx", "\"/usr/bin/nopython3\""),
            ("#! \t/no/sh", "\"/no/sh\""),
            ("#!/bin/sh\r\nx\r\n", "\"/bin/sh\\r\""),
        ] {
            let (_dir, path) = file(script.as_bytes());
            let said = missing(&path).unwrap();
            assert!(said.contains(&format!("a script for {name}")), "{said}");
        }
    }

    #[test]
    fn what_is_no_program_or_half_of_one_says_nothing() {
        let whole = elf(true, "/lib/ld-nowhere.so.1");
        for length in 0..whole.len() - 17 {
            let (_dir, path) = file(&whole[..length]);
            assert_eq!(missing(&path), None, "{length}");
        }
        for content in ["", "#!", "#!  ", "#!\n/no", "#!/bin/sh", "text"] {
            let (_dir, path) = file(content.as_bytes());
            assert_eq!(missing(&path), None, "{content:?}");
        }
        let mut endless = whole;
        endless[56] = 0xff;
        endless[57] = 0xff;
        endless[54] = 0;
        endless[64] = 0;
        let (_dir, path) = file(&endless);
        assert_eq!(missing(&path), None);
    }
}

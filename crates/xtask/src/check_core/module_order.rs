//! Inside core a module names only itself and the modules above it in lib.rs.
//!
//! The order is that of the `mod` declarations in `crates/core/src/lib.rs`, which is the order of the architecture. What a
//! module names is read from its tokens: `crate::name`, `crate::{name, …}`, and `super::…` as far as it leads to the
//! root. A name that lib.rs re-exports counts as the module that it comes from. Tests are exempt, and so is lib.rs, which
//! is the table of contents.

use core::str::FromStr;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::looked_at;
use crate::report::Outcome;
use crate::workspace::Workspace;

/// Checks the order in core.
///
/// # Errors
///
/// A module names one that stands below it, or a file can't be read.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let folder = workspace.path("crates/core/src");
    let root = Root::read(&read(&folder.join("lib.rs"))?)?;
    let mut faults = Vec::new();
    for (place, module) in root.order.iter().enumerate() {
        for (file, depth) in files_of(&folder, module)? {
            let names = names_of_root(&parse(&read(&file)?, &file)?, depth);
            let shown = file.strip_prefix(workspace.root()).unwrap_or(&file);
            faults.extend(names.into_iter().filter_map(|name| {
                let fault = root.fault(place, &name.text)?;
                Some(format!("  {}:{}: {fault}", shown.display(), name.line))
            }));
        }
    }
    if !faults.is_empty() {
        bail!("the modules of core are out of the order of crates/core/src/lib.rs:\n{}", faults.join("\n"));
    }
    Ok(looked_at(root.order.len(), "module"))
}

/// What lib.rs declares.
#[derive(Debug, Default)]
struct Root {
    /// The modules in order.
    order: Vec<String>,
    /// Re-exported names, and the module that each comes from.
    exports: BTreeMap<String, String>,
}

impl Root {
    fn read(text: &str) -> Result<Self> {
        let tokens: Vec<TokenTree> = parse(text, Path::new("lib.rs"))?.into_iter().collect();
        let mut root = Self::default();
        let mut position = 0;
        while let Some(token) = tokens.get(position) {
            position += 1;
            match token {
                _ if starts_test_item(&tokens[position - 1..]) => position = end_of_item(&tokens, position),
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(position) {
                        root.order.push(name.to_string());
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = end_of_item(&tokens, position);
                    root.read_export(&tokens[position..end]);
                    position = end;
                }
                _ => {}
            }
        }
        if root.order.is_empty() {
            bail!("crates/core/src/lib.rs declares no modules");
        }
        Ok(root)
    }

    /// Reads the path of `pub use module::…;`. Every name after the first is taken for one that it exports.
    fn read_export(&mut self, path: &[TokenTree]) {
        let mut names = Vec::new();
        collect_idents(path, &mut names);
        let mut names = names.into_iter().filter(|name| !matches!(name.as_str(), "crate" | "self"));
        if let Some(module) = names.next() {
            self.exports.extend(names.map(|name| (name, module.clone())));
        }
    }

    /// What is wrong with naming `name` in the module at `place`.
    fn fault(&self, place: usize, name: &str) -> Option<String> {
        let module = &self.order[place];
        let origin = self.exports.get(name).map_or(name, String::as_str);
        match self.order.iter().position(|module| module == origin) {
            Some(other) if other <= place => None,
            Some(_) => Some(format!("`{module}` names `{origin}`, which stands below it")),
            None => Some(format!(
                "`{module}` names `crate::{name}`, which is no module of lib.rs: name its module"
            )),
        }
    }
}

/// A name that is looked up at the root of the crate.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    text: String,
    line: usize,
}

/// The names that a file looks up at the root of the crate. `depth` is 1 for a module right below the root.
fn names_of_root(tokens: &TokenStream, depth: usize) -> Vec<Name> {
    let mut names = Vec::new();
    visit(&tokens.clone().into_iter().collect::<Vec<_>>(), depth, &mut names);
    names
}

fn visit(tokens: &[TokenTree], depth: usize, names: &mut Vec<Name>) {
    let mut position = 0;
    while let Some(token) = tokens.get(position) {
        if starts_test_item(&tokens[position..]) {
            position = end_of_item(tokens, position + 1);
            continue;
        }
        match token {
            TokenTree::Ident(word) if word == "crate" => first_names(&tokens[position + 1..], names),
            TokenTree::Ident(word) if word == "super" && !follows_super(tokens, position) => {
                let supers = count_supers(&tokens[position..]);
                if supers >= depth {
                    // `super :: super` is two words with two colons between them.
                    first_names(&tokens[position + supers * 3 - 2..], names);
                }
            }
            TokenTree::Group(group) => {
                visit(&inner(group), depth + usize::from(is_inline_module(tokens, position)), names);
            }
            _ => {}
        }
        position += 1;
    }
}

/// The first names of the paths after `crate` or `super`, whose tokens begin with `::`.
fn first_names(tokens: &[TokenTree], names: &mut Vec<Name>) {
    if !is_path_separator(tokens) {
        return;
    }
    match tokens.get(2) {
        Some(TokenTree::Ident(name)) => {
            names.push(Name { text: name.to_string(), line: name.span().start().line });
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner = inner(group);
            for path in
                inner.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
            {
                if let Some(TokenTree::Ident(name)) = path.first() {
                    names.push(Name { text: name.to_string(), line: name.span().start().line });
                }
            }
        }
        Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
            names.push(Name { text: "*".to_owned(), line: star.span().start().line });
        }
        _ => {}
    }
}

fn count_supers(tokens: &[TokenTree]) -> usize {
    let mut count = 0;
    let mut rest = tokens;
    while matches!(rest.first(), Some(TokenTree::Ident(word)) if word == "super") {
        count += 1;
        if !is_path_separator(&rest[1..]) {
            break;
        }
        rest = &rest[3..];
    }
    count
}

fn follows_super(tokens: &[TokenTree], position: usize) -> bool {
    position >= 3
        && is_path_separator(&tokens[position - 2..])
        && matches!(&tokens[position - 3], TokenTree::Ident(word) if word == "super")
}

fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), TokenTree::Punct(second), ..]
        if first.as_char() == ':' && second.as_char() == ':')
}

/// Whether the tokens begin with `#[cfg(test)]` or `#[test]`.
fn starts_test_item(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), ..] = tokens else { return false };
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    hash.as_char() == '#' && matches!(text.as_str(), "cfg(test)" | "test")
}

/// The position behind the item that begins at `start`: behind its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    let mut rest = tokens.iter().enumerate().skip(start);
    let end = rest.find(|(_, token)| ends(token)).map_or(tokens.len(), |(position, _)| position + 1);
    // The braces of `use a::{b};` and `const A: B = B {};` are not the end.
    match tokens.get(end) {
        Some(TokenTree::Punct(mark)) if mark.as_char() == ';' => end + 1,
        _ => end,
    }
}

fn is_inline_module(tokens: &[TokenTree], position: usize) -> bool {
    position >= 2
        && matches!(&tokens[position - 2], TokenTree::Ident(word) if word == "mod")
        && matches!(&tokens[position - 1], TokenTree::Ident(_))
}

fn collect_idents(tokens: &[TokenTree], names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Group(group) => collect_idents(&inner(group), names),
            _ => {}
        }
    }
}

fn inner(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// The files of a module, each with its depth below the root of the crate.
fn files_of(folder: &Path, module: &str) -> Result<Vec<(PathBuf, usize)>> {
    let mut files = Vec::new();
    let file = folder.join(format!("{module}.rs"));
    if file.is_file() {
        files.push((file, 1));
    }
    collect_files(&folder.join(module), 2, &mut files)?;
    if files.is_empty() {
        bail!("lib.rs declares the module `{module}`, and there is no file of it");
    }
    Ok(files)
}

fn collect_files(folder: &Path, depth: usize, files: &mut Vec<(PathBuf, usize)>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect_files(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test_file(&path) {
            let is_module_root = path.file_name().is_some_and(|name| name == "mod.rs");
            files.push((path, depth - usize::from(is_module_root)));
        }
    }
    Ok(())
}

/// `mod tests;` has its file, which is only declared for tests.
fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn parse(text: &str, path: &Path) -> Result<TokenStream> {
    TokenStream::from_str(text).map_err(|error| anyhow!("{} is no Rust: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "
        //! use crate::client; is only prose here
        mod error;
        mod secret;
        #[cfg(test)]
        mod vectors;
        pub mod pem;
        pub mod client;
        pub use error::{Error, ErrorCode as Code};
        pub use client::Client;
    ";

    fn faults(module: &str, text: &str, depth: usize) -> Vec<String> {
        let root = Root::read(LIB).expect("it is Rust");
        let place = root.order.iter().position(|name| name == module).expect("a module of the sample");
        let names = names_of_root(&TokenStream::from_str(text).expect("it is Rust"), depth);
        names.iter().filter_map(|name| root.fault(place, &name.text)).collect()
    }

    #[test]
    fn order_is_that_of_the_declarations_without_test_modules() {
        assert_eq!(Root::read(LIB).expect("it is Rust").order, ["error", "secret", "pem", "client"]);
    }

    #[test]
    fn module_may_name_itself_and_those_above() {
        let text = "use crate::error::Error; use crate::{secret::Secret, pem}; fn f() { crate::Code::new() }";
        assert_eq!(faults("pem", text, 1), Vec::<String>::new());
    }

    #[test]
    fn module_that_names_one_below_is_refused_however_it_does() {
        let fault = ["`pem` names `client`, which stands below it"];
        for text in [
            "use crate::client::Client;",
            "use crate::{error::Error, client::{self, Client}};",
            "fn f() -> crate::client::Client { loop {} }",
            "use crate::Client;",
            "use super::client::Client;",
            "use super::{client};",
            "mod inner { fn f() { super::super::client::new() } }",
            "macro_rules! m { () => { $crate::client::new() } }",
        ] {
            assert_eq!(faults("pem", text, 1), fault, "{text}");
        }
        assert_eq!(faults("pem", "use super::super::client;", 2), fault);
    }

    #[test]
    fn name_of_the_root_that_is_no_module_is_refused() {
        assert_eq!(
            faults("pem", "use crate::*;", 1),
            ["`pem` names `crate::*`, which is no module of lib.rs: name its module"]
        );
    }

    #[test]
    fn path_inside_the_own_module_is_no_name_of_the_root() {
        assert!(faults("pem", "use super::client;", 2).is_empty());
        assert!(faults("pem", "mod inner { use super::client; }", 1).is_empty());
        assert!(faults("pem", "mod inner { use super::super::error::Error; }", 1).is_empty());
    }

    #[test]
    fn tests_comments_and_strings_are_exempt() {
        let text = r#"
            // crate::client
            /// Used by [`crate::client::Client`].
            const TEXT: &str = "crate::client";
            #[cfg(test)]
            use crate::{client::Client};
            #[cfg(test)]
            mod tests { use crate::client::Client; #[test] fn f() { crate::client::new() } }
            use crate::error::Error;
        "#;
        assert!(faults("pem", text, 1).is_empty());
        let after = "#[cfg(test)] mod tests { use crate::client; } use crate::client;";
        assert_eq!(faults("pem", after, 1).len(), 1);
    }
}

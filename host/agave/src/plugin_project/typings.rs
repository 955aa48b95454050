//! The world of a plugin as TypeScript sees it, so that editors complete it and `tsc` checks what
//! is written against it. QuickJS maps the contract's types as its documentation says; a number
//! of 64 bits is a JavaScript number there.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner,
    WorldItem,
};

const HEAD: &str = "\
// What the host gives to this plugin and what it expects of it. `agave plugin build` writes this.
// Errors are thrown: a text or an Error where the contract says `result<_, string>`.
// Numbers of 64 bits, such as times in nanoseconds, are exact to 53 bits: a quarter of a
// microsecond.

declare var console: Record<\"trace\" | \"debug\" | \"log\" | \"info\" | \"warn\" | \"error\", (...values: unknown[]) => void>;
declare class TextEncoder {
  encode(text?: string): Uint8Array;
}
declare class TextDecoder {
  constructor(encoding?: \"utf-8\", options?: { fatal?: boolean });
  decode(bytes?: Uint8Array | ArrayBuffer): string;
}
";

/// The typings of the world in the folder `wit`.
pub(super) fn of(wit: &Path) -> Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(wit)
        .with_context(|| format!("cannot read {}", wit.display()))?;
    let world = resolve
        .select_world(&[package], None)
        .context("the plugin's world is not there")?;
    let world = resolve
        .worlds
        .get(world)
        .context("the plugin's world is not there")?;
    let ids = |items: Vec<&WorldItem>| -> BTreeSet<InterfaceId> {
        let interface = |item: &WorldItem| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        };
        items.into_iter().filter_map(interface).collect()
    };
    let imports = ids(world.imports.values().collect());
    let exports = ids(world.exports.values().collect());
    let mut text = HEAD.to_owned();
    for id in imports.union(&exports) {
        let mut typings = Typings {
            resolve: &resolve,
            here: *id,
            text: &mut text,
        };
        typings.interface(exports.contains(id));
    }
    Ok(text)
}

struct Typings<'r> {
    resolve: &'r Resolve,
    /// The interface that is being written.
    here: InterfaceId,
    text: &'r mut String,
}

impl Typings<'_> {
    fn interface(&mut self, exported: bool) {
        let Some(interface) = self.resolve.interfaces.get(self.here) else {
            return;
        };
        let name = interface.name.clone().unwrap_or_default();
        self.text.push('\n');
        self.docs("", interface.docs.contents.as_deref());
        self.line(&format!("declare module \"agave:plugin/{name}@0.1.0\" {{"));
        for (name, id) in &interface.types {
            self.define(name, *id, &interface.functions.values().collect::<Vec<_>>());
        }
        let free = |function: &&Function| matches!(function.kind, FunctionKind::Freestanding);
        if exported {
            self.line(&format!("  export interface {} {{", upper(&name)));
        }
        for function in interface.functions.values().filter(free) {
            let (indent, beginning) = if exported {
                ("    ", "")
            } else {
                ("  ", "export function ")
            };
            self.docs(indent, function.docs.contents.as_deref());
            let signature = self.signature(&lower(&function.name), function);
            self.line(&format!("{indent}{beginning}{signature};"));
        }
        if exported {
            self.line("  }");
        }
        self.line("}");
    }

    fn define(&mut self, name: &str, id: TypeId, functions: &[&Function]) {
        let Some(definition) = self.resolve.types.get(id) else {
            return;
        };
        self.docs("  ", definition.docs.contents.as_deref());
        let name = upper(name);
        match &definition.kind {
            TypeDefKind::Record(record) => {
                self.line(&format!("  export interface {name} {{"));
                for field in &record.fields {
                    self.docs("    ", field.docs.contents.as_deref());
                    let meaning = self.meaning(&field.ty);
                    self.line(&format!("    {}: {meaning};", lower(&field.name)));
                }
                self.line("  }");
            }
            TypeDefKind::Enum(cases) => {
                let cases: Vec<String> = cases
                    .cases
                    .iter()
                    .map(|case| format!("\"{}\"", case.name))
                    .collect();
                self.line(&format!("  export type {name} = {};", cases.join(" | ")));
            }
            TypeDefKind::Variant(variant) => {
                self.line(&format!("  export type {name} ="));
                for (number, case) in (1..).zip(&variant.cases) {
                    self.docs("    ", case.docs.contents.as_deref());
                    let value = case
                        .ty
                        .as_ref()
                        .map(|ty| format!("; val: {}", self.meaning(ty)));
                    let end = if number == variant.cases.len() {
                        ";"
                    } else {
                        ""
                    };
                    let value = value.unwrap_or_default();
                    self.line(&format!("    | {{ tag: \"{}\"{value} }}{end}", case.name));
                }
            }
            TypeDefKind::Resource => self.class(&name, id, functions),
            // A name from another interface, or another name for a plain type.
            TypeDefKind::Type(ty) => {
                let meaning = self.meaning(ty);
                self.line(&format!("  export type {name} = {meaning};"));
            }
            other => {
                let meaning = self.kind(other);
                self.line(&format!("  export type {name} = {meaning};"));
            }
        }
    }

    fn class(&mut self, name: &str, id: TypeId, functions: &[&Function]) {
        self.line(&format!("  export class {name} {{"));
        self.line("    private constructor();");
        for function in functions {
            let beginning = match function.kind {
                FunctionKind::Static(of) if of == id => "static ",
                FunctionKind::Method(of) if of == id => "",
                _ => continue,
            };
            let own_name = function.name.rsplit('.').next().unwrap_or_default();
            self.docs("    ", function.docs.contents.as_deref());
            let signature = self.signature(&lower(own_name), function);
            self.line(&format!("    {beginning}{signature};"));
        }
        self.line("  }");
    }

    /// An error is thrown, so a result is what it holds when there is none.
    fn signature(&self, name: &str, function: &Function) -> String {
        let parameters: Vec<String> = function
            .params
            .iter()
            .filter(|parameter| parameter.name != "self")
            .map(|parameter| {
                format!(
                    "{}: {}",
                    lower(&parameter.name),
                    self.meaning(&parameter.ty)
                )
            })
            .collect();
        let result = match &function.result {
            None => "void".to_owned(),
            Some(Type::Id(id)) => match self.resolve.types.get(*id).map(|found| &found.kind) {
                Some(TypeDefKind::Result(result)) => result
                    .ok
                    .as_ref()
                    .map_or("void".to_owned(), |ok| self.meaning(ok)),
                _ => self.meaning(&Type::Id(*id)),
            },
            Some(other) => self.meaning(other),
        };
        format!("{name}({}): {result}", parameters.join(", "))
    }

    fn meaning(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::ErrorContext => "unknown".to_owned(),
            Type::Id(id) => self.named(*id),
            _ => "number".to_owned(),
        }
    }

    fn named(&self, id: TypeId) -> String {
        let Some(definition) = self.resolve.types.get(id) else {
            return "unknown".to_owned();
        };
        let Some(name) = &definition.name else {
            return self.kind(&definition.kind);
        };
        if definition.owner == TypeOwner::Interface(self.here) {
            return upper(name);
        }
        let owner = match definition.owner {
            TypeOwner::Interface(owner) => self.resolve.interfaces.get(owner),
            _ => None,
        };
        let module = owner
            .and_then(|owner| owner.name.as_deref())
            .unwrap_or_default();
        format!("import(\"agave:plugin/{module}@0.1.0\").{}", upper(name))
    }

    fn kind(&self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(element) => format!("Array<{}>", self.meaning(element)),
            TypeDefKind::Option(some) => format!("{} | null", self.meaning(some)),
            TypeDefKind::Tuple(tuple) => {
                let parts: Vec<String> = tuple.types.iter().map(|ty| self.meaning(ty)).collect();
                format!("[{}]", parts.join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => self.named(*id),
            TypeDefKind::Type(ty) => self.meaning(ty),
            _ => "unknown".to_owned(),
        }
    }

    fn docs(&mut self, indent: &str, docs: Option<&str>) {
        if let Some(docs) = docs {
            let lines: Vec<&str> = docs.trim().lines().map(str::trim_end).collect();
            let text = lines.join(&format!("\n{indent} * "));
            self.line(&format!("{indent}/** {text} */"));
        }
    }

    fn line(&mut self, line: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// `frame-detections` as `FrameDetections`.
fn upper(name: &str) -> String {
    name.split('-').map(capital).collect()
}

/// `state-version` as `stateVersion`.
fn lower(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    first + &words.map(capital).collect::<String>()
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

//! The hosts that a client has registered to be pushed to. As on a real device there is a fixed
//! number of places for them, all of which are listed: clients look for a free one, or take the
//! first.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::xml::Document;

const MOST_TEXT: usize = 1024;

/// A host that is pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHost {
    /// Its place, from 1.
    pub id: u32,
    /// How it is reached.
    pub protocol: Protocol,
    /// An address or a name.
    pub address: String,
    /// The port.
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: String,
}

/// How a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// In the clear.
    Http,
    /// With TLS, and a certificate that the system trusts.
    Https,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
        }
    }
}

/// The address that is posted to.
impl fmt::Display for HttpHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.protocol.name().to_ascii_lowercase();
        write!(formatter, "{scheme}://{}{}", self.authority(), self.path)
    }
}

impl HttpHost {
    /// Address and port.
    pub(crate) fn authority(&self) -> String {
        match self.address.contains(':') {
            true => format!("[{}]:{}", self.address, self.port),
            false => format!("{}:{}", self.address, self.port),
        }
    }
}

/// All places, as a page.
pub(crate) fn list_page(hosts: &[HttpHost], places: u32) -> String {
    Document::page("HttpHostNotificationList", |document| {
        for id in 1..=places {
            document.element("HttpHostNotification", |document| {
                write_place(document, id, at(hosts, id));
            });
        }
    })
}

/// One place, as a page.
pub(crate) fn place_page(hosts: &[HttpHost], id: u32) -> String {
    Document::page("HttpHostNotification", |document| {
        write_place(document, id, at(hosts, id));
    })
}

fn at(hosts: &[HttpHost], id: u32) -> Option<&HttpHost> {
    hosts.iter().find(|host| host.id == id)
}

fn write_place(document: &mut Document, id: u32, host: Option<&HttpHost>) {
    let addressing = match host {
        Some(host) if host.address.parse::<std::net::IpAddr>().is_err() => "hostname",
        _ => "ipaddress",
    };
    document.text("id", id);
    document.text("url", host.map_or("/", |host| &host.path));
    let protocol = host.map_or(Protocol::Http, |host| host.protocol);
    document.text("protocolType", protocol.name());
    document.text("parameterFormatType", "XML");
    document.text("addressingFormatType", addressing);
    let address = host.map_or("0.0.0.0", |host| &host.address);
    match addressing {
        "hostname" => document.text("hostName", address),
        _ => document.text("ipAddress", address),
    }
    document.text("portNo", host.map_or(80, |host| host.port));
    document.text("httpAuthenticationMethod", "none");
}

/// Reads what a client has put: a list, or one place. A place that is free is left out.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn parse(text: &str, places: u32) -> Result<Vec<HttpHost>, String> {
    let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    let mut hosts: Vec<HttpHost> = Vec::new();
    for node in root.descendants() {
        if node.tag_name().name() != "HttpHostNotification" {
            continue;
        }
        let (id, host) = place(node, places)?;
        if at(&hosts, id).is_some() {
            return Err(format!("id {id} is there twice"));
        }
        hosts.extend(host);
    }
    match root.tag_name().name() {
        "HttpHostNotificationList" | "HttpHostNotification" => Ok(hosts),
        other => Err(format!(
            "expected HttpHostNotificationList or HttpHostNotification, found {other}"
        )),
    }
}

/// One place: its number, and the host if there is one.
fn place(node: roxmltree::Node<'_, '_>, places: u32) -> Result<(u32, Option<HttpHost>), String> {
    let text = |name: &str| {
        let child = node
            .children()
            .find(|child| child.tag_name().name() == name);
        let text = child.and_then(|child| child.text());
        text.map(str::trim).filter(|text| !text.is_empty())
    };
    let id = text("id").ok_or("HttpHostNotification has no id")?;
    let id: u32 = id.parse().map_err(|_| format!("id `{id}` is no number"))?;
    if id == 0 || id > places {
        return Err(format!("id {id} is not from 1 to {places}"));
    }
    let Some(address) = text("ipAddress")
        .filter(|address| !matches!(*address, "0.0.0.0" | "::"))
        .or(text("hostName"))
        .or(text("ipv6Address"))
    else {
        return Ok((id, None));
    };
    check_address(address)?;
    let protocol = match text("protocolType").unwrap_or("HTTP") {
        name if name.eq_ignore_ascii_case("HTTP") => Protocol::Http,
        name if name.eq_ignore_ascii_case("HTTPS") => Protocol::Https,
        other => return Err(format!("protocolType `{other}` is not HTTP or HTTPS")),
    };
    let port = text("portNo").unwrap_or("80");
    let port = port
        .parse()
        .map_err(|_| format!("portNo `{port}` is no port"))?;
    let method = text("httpAuthenticationMethod").unwrap_or("none");
    if !method.eq_ignore_ascii_case("none") {
        return Err(format!(
            "httpAuthenticationMethod `{method}` is not supported; hosts are pushed to without a \
             login"
        ));
    }
    let format = text("parameterFormatType").unwrap_or("XML");
    if !format.eq_ignore_ascii_case("XML") {
        return Err(format!("parameterFormatType `{format}` is not XML"));
    }
    let host = HttpHost {
        id,
        protocol,
        address: address.to_owned(),
        port,
        path: path(text("url").unwrap_or("/"))?,
    };
    Ok((id, Some(host)))
}

fn check_address(address: &str) -> Result<(), String> {
    let in_a_name =
        |character: char| character.is_ascii_alphanumeric() || "-._:".contains(character);
    if address.len() <= 253 && address.chars().all(in_a_name) {
        Ok(())
    } else {
        Err("the address is neither an IP address nor a name".to_owned())
    }
}

/// Path and query. Some clients write the whole address here as well.
fn path(url: &str) -> Result<String, String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    let path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{path}"),
    };
    let printable = |character: char| character.is_ascii_graphic() && character != '#';
    if path.len() > MOST_TEXT || !path.chars().all(printable) {
        return Err("url has characters that a path cannot have, or is too long".to_owned());
    }
    Ok(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn host() -> HttpHost {
        HttpHost {
            id: 1,
            protocol: Protocol::Http,
            address: "10.0.0.9".to_owned(),
            port: 8123,
            path: "/api/hikvision".to_owned(),
        }
    }

    #[test]
    fn what_is_listed_can_be_put_back() {
        for hosts in [vec![], vec![host()], vec![HttpHost { id: 3, ..host() }]] {
            let page = list_page(&hosts, 3);
            assert_eq!(page.matches("<HttpHostNotification>").count(), 3);
            assert_eq!(parse(&page, 3).unwrap(), hosts);
        }
        let named = HttpHost {
            address: "nas.lan".to_owned(),
            ..host()
        };
        let page = place_page(std::slice::from_ref(&named), 1);
        assert!(page.contains("<hostName>nas.lan</hostName>"), "{page}");
        assert_eq!(parse(&page, 3).unwrap(), std::slice::from_ref(&named));
        assert_eq!(named.to_string(), "http://nas.lan:8123/api/hikvision");
    }

    #[test]
    fn what_clients_write_is_read_whatever_its_namespace() {
        let text = "<HttpHostNotificationList xmlns=\"urn:psialliance-org\">\
            <HttpHostNotification><id>1</id><url>http://10.0.0.9:8123/here?x=1</url>\
            <protocolType>HTTP</protocolType><ipAddress>10.0.0.9</ipAddress><portNo>8123</portNo>\
            <unknown/></HttpHostNotification></HttpHostNotificationList>";
        let hosts = parse(text, 3).unwrap();
        assert_eq!(
            hosts.first().unwrap().to_string(),
            "http://10.0.0.9:8123/here?x=1"
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |inside: &str| {
            format!(
                "<HttpHostNotification><id>1</id><ipAddress>10.0.0.9</ipAddress>{inside}</HttpHostNotification>"
            )
        };
        for (text, part) in [
            ("<x".to_owned(), ""),
            ("<x/>".to_owned(), "expected HttpHostNotificationList"),
            ("<HttpHostNotification/>".to_owned(), "no id"),
            (
                "<HttpHostNotification><id>9</id></HttpHostNotification>".to_owned(),
                "from 1 to 3",
            ),
            (with("<portNo>x</portNo>"), "no port"),
            (with("<protocolType>FTP</protocolType>"), "not HTTP"),
            (
                with("<httpAuthenticationMethod>MD5digest</httpAuthenticationMethod>"),
                "without a login",
            ),
            (with("<url>/a b</url>"), "characters"),
            (with("").replace("10.0.0.9", "a@b/c"), "neither"),
        ] {
            let error = parse(&text, 3).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        // No entity is taken from elsewhere.
        let bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><HttpHostNotificationList>&a;</HttpHostNotificationList>";
        assert!(parse(bomb, 3).is_err());
    }

    #[test]
    fn nothing_that_a_client_puts_is_too_much() {
        let page = list_page(&[host()], 3);
        for _ in 0..5_000 {
            let mut bytes = page.clone().into_bytes();
            for _ in 0..fastrand::usize(1..8) {
                let at = fastrand::usize(..bytes.len());
                match fastrand::u8(..3) {
                    0 => bytes.truncate(at + 1),
                    1 => bytes.insert(at, fastrand::u8(..)),
                    _ => bytes.splice(at.., *b"<id>1</id>").for_each(drop),
                }
            }
            let _ = parse(&String::from_utf8_lossy(&bytes), 3);
        }
    }
}

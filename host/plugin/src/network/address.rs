//! Which addresses a name may stand for: the one rule that every connection of a plugin goes
//! through, whether it carries HTTP, MQTT or bytes. A grant names a server; what the name resolves
//! to is somebody else's to decide, and must not become a way to the services beside Agave.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far away an address is. Later ones are nearer, and need more of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// On the public internet.
    Public,
    /// In somebody's own network.
    Private,
    /// This machine, its link (where clouds keep their credentials), or no host at all.
    Own,
}

/// Whether `host` may stand for `address`. A literal address stands for itself; that it was
/// granted has been looked at before.
pub(crate) fn may_stand_for(host: &str, address: IpAddr) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(literal) = literal(&host) {
        return literal == address;
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return address.to_canonical().is_loopback();
    }
    match reach(address) {
        Reach::Public => true,
        Reach::Private => is_local_name(&host),
        Reach::Own => false,
    }
}

/// The address that `host` is, if it is one and not a name.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// Names that nobody outside can register, and so nobody outside can point somewhere else.
fn is_local_name(host: &str) -> bool {
    let reserved = [
        ".local",
        ".lan",
        ".internal",
        ".home",
        ".home.arpa",
        ".intranet",
    ];
    !host.contains('.') || reserved.iter().any(|ending| host.ends_with(ending))
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_of_v4(address),
        IpAddr::V6(address) => reach_of_v6(address),
    }
}

fn reach_of_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, fourth] = address.octets();
    match (first, second, third, fourth) {
        // Where Azure and Alibaba keep what link-local addresses are for elsewhere.
        (168, 63, 129, 16) | (100, 100, 100, 200) => Reach::Own,
        // "This network", loopback, link-local, protocol assignments, documentation, the old
        // relays of 6to4, multicast and what is reserved.
        (0 | 127 | 224.., _, _, _)
        | (169, 254, _, _)
        | (192, 0, 0 | 2, _)
        | (192, 88, 99, _)
        | (198, 51, 100, _)
        | (203, 0, 113, _) => Reach::Own,
        // RFC 1918, carriers' shared space, benchmarks.
        (10, _, _, _)
        | (172, 16..=31, _, _)
        | (192, 168, _, _)
        | (100, 64..=127, _, _)
        | (198, 18 | 19, _, _) => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_of_v6(address: Ipv6Addr) -> Reach {
    let of_embedded = embedded(address).map_or(Reach::Public, reach_of_v4);
    of_embedded.max(reach_of_prefix(address))
}

fn reach_of_prefix(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    match segments {
        // The metadata of EC2, in a range that is otherwise private.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => Reach::Own,
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Reach::Own,
        [0xfe80..=0xfebf | 0xff00..=0xffff, ..] | [0x2001, 0xdb8, ..] => Reach::Own,
        // Unique local, site-local as it once was, NAT64 of somebody's own network.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Reach::Private,
        _ => Reach::Public,
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, NAT64, 6to4, Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 0 | 1, _, _, _, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(of(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(host: &str, address: &str) -> bool {
        may_stand_for(host, address.parse().unwrap())
    }

    #[test]
    fn a_public_name_stands_for_public_addresses_only() {
        for public in ["93.184.216.34", "2606:2800::1", "64:ff9b::5db8:d822"] {
            assert!(may("example.com", public), "{public}");
        }
        for private in [
            "10.0.0.5",
            "172.31.0.1",
            "192.168.1.2",
            "100.64.0.1",
            "198.18.0.1",
            "fd00::1",
            "fec0::1",
            "::ffff:10.0.0.5",
            "::10.0.0.5",
            "::ffff:0:10.0.0.5",
            "64:ff9b::a00:5",
            "64:ff9b:1::a00:5",
            "2002:a00:5::1",
            "2001:0:4136:e378:8000:63bf:f5ff:fffa",
        ] {
            assert!(!may("example.com", private), "{private}");
            assert!(!may("EXAMPLE.com.", private), "{private}");
        }
    }

    #[test]
    fn a_name_that_nobody_can_register_may_be_private() {
        for host in ["nvr", "nvr.farm.local", "NVR.FARM.LAN.", "a.home.arpa"] {
            for private in [
                "10.0.0.5",
                "fd00::1",
                "::ffff:192.168.0.9",
                "64:ff9b::a00:5",
            ] {
                assert!(may(host, private), "{host} {private}");
            }
        }
        assert!(!may("local.example.com", "10.0.0.5"));
        assert!(!may("nvr.local.example", "10.0.0.5"));
    }

    #[test]
    fn no_name_stands_for_this_machine_or_its_link() {
        for own in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
        ] {
            assert!(!may("example.com", own), "{own}");
            assert!(!may("nvr.farm.local", own), "{own}");
            assert!(!may("nvr", own), "{own}");
        }
    }

    #[test]
    fn localhost_is_this_machine_and_nothing_else() {
        assert!(may("localhost", "127.0.0.1"));
        assert!(may("LOCALHOST", "::1"));
        assert!(may("agave.localhost", "127.0.0.1"));
        assert!(!may("localhost", "10.0.0.5"));
        assert!(!may("localhost", "93.184.216.34"));
    }

    #[test]
    fn a_literal_stands_for_itself() {
        assert!(may("127.0.0.1", "127.0.0.1"));
        assert!(may("[::1]", "::1"));
        assert!(!may("10.0.0.5", "10.0.0.6"));
    }
}

//! Another decoder than the source's, which knows nothing but what a viewer is told.

use agave_media::{EncodedPacket, StreamDescription};
use ffmpeg_next::codec::{self, Id};
use ffmpeg_next::{Packet, decoder, frame};

/// When the pictures in `packets` are shown, in the order in which the decoder gives them.
///
/// H.264 with lengths is given start codes first, with the parameter sets of the description, so
/// that the description is read and not only handed on.
pub fn decoded_again(stream: &StreamDescription, packets: &[EncodedPacket]) -> Vec<i64> {
    ffmpeg_next::init().unwrap();
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
    let id = match stream.name {
        "h264" => Id::H264,
        "hevc" => Id::HEVC,
        "mjpeg" => Id::MJPEG,
        "vp8" => Id::VP8,
        "vp9" => Id::VP9,
        "av1" => Id::AV1,
        other => panic!("{other}"),
    };
    let found = decoder::find(id).unwrap();
    let context = codec::Context::new_with_codec(found);
    let mut decoder = context.decoder().open_as(found).unwrap().video().unwrap();
    let mut shown = Vec::new();
    for packet in packets {
        let data = match &stream.description {
            Some(record) => {
                let sets = packet.key_frame.then(|| parameter_sets(id, record));
                [
                    sets.unwrap_or_default(),
                    with_start_codes(id, record, &packet.data),
                ]
                .concat()
            }
            None => packet.data.to_vec(),
        };
        let mut again = Packet::copy(&data);
        again.set_pts(Some(packet.presentation_us));
        decoder.send_packet(&again).unwrap();
        receive(&mut decoder, &mut shown);
    }
    decoder.send_eof().unwrap();
    receive(&mut decoder, &mut shown);
    shown
}

/// The packets of a stream with lengths as a raw one: parameter sets, then units, each behind a
/// start code.
pub fn elementary(stream: &StreamDescription, packets: &[EncodedPacket]) -> Vec<u8> {
    let record = stream.description.as_ref().unwrap();
    let units = packets
        .iter()
        .flat_map(|packet| with_start_codes(Id::H264, record, &packet.data));
    parameter_sets(Id::H264, record)
        .into_iter()
        .chain(units)
        .collect()
}

fn receive(decoder: &mut decoder::Video, shown: &mut Vec<i64>) {
    let mut picture = frame::Video::empty();
    while decoder.receive_frame(&mut picture).is_ok() {
        shown.push(picture.timestamp().unwrap());
    }
}

const START: [u8; 4] = [0, 0, 0, 1];

/// ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1.
fn parameter_sets(id: Id, record: &[u8]) -> Vec<u8> {
    let mut units = Vec::new();
    let mut rest;
    let mut take = |rest: &mut &[u8], count: usize| {
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            units.extend(START);
            units.extend(&rest[2..2 + length]);
            *rest = &rest[2 + length..];
        }
    };
    if id == Id::H264 {
        rest = &record[6..];
        take(&mut rest, usize::from(record[5] & 0x1f));
        let pictures = usize::from(rest[0]);
        rest = &rest[1..];
        take(&mut rest, pictures);
    } else {
        rest = &record[23..];
        for _ in 0..record[22] {
            let count = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
            rest = &rest[3..];
            take(&mut rest, count);
        }
    }
    units
}

fn with_start_codes(id: Id, record: &[u8], mut data: &[u8]) -> Vec<u8> {
    let said = record[if id == Id::H264 { 4 } else { 21 }];
    let size = usize::from(said & 3) + 1;
    let mut units = Vec::new();
    while !data.is_empty() {
        let length = data[..size]
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        units.extend(START);
        units.extend(&data[size..size + length]);
        data = &data[size + length..];
    }
    units
}

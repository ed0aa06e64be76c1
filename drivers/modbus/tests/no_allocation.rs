//! What runs once a scan or once a request must not allocate.

mod support;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use driver::{RawCell, input_frames, output_frames};
use modbus::bank::Direct;
use modbus::device::map_of;
use modbus_server::{Tables, adu};
use signal::Utc;
use support::{device, points_of_all_sorts};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn the_map_does_not_allocate() {
    let config =
        device(r#"classes = [{ name = "a", period_ms = 9 }, { name = "slow", period_ms = 9 }]"#);
    let map = map_of(&config, &points_of_all_sorts()).expect("a map");
    let mut tables = Tables::new(100, 100, 100, 100);
    let mut cells = map.input_cells();
    let commands = vec![RawCell::NOT_WRITTEN; map.outputs()];
    assert_no_alloc(|| {
        map.decode_from(&mut Direct(&mut tables), Utc(1), &mut cells);
        assert!(map.encode_to(&commands, &mut Direct(&mut tables)).is_ok());
    });
    assert!(cells.iter().any(|cell| cell.quality.is_good()));
}

#[test]
fn frames_do_not_allocate() {
    let (mut input_writer, mut input_reader) = input_frames(100);
    let (mut output_writer, mut output_reader) = output_frames(100);
    let cells = [RawCell::NOT_WRITTEN; 100];
    assert_no_alloc(|| {
        for scan in 1..10 {
            input_writer.publish_cells(&cells);
            assert!(
                input_reader
                    .latest()
                    .is_some_and(|frame| frame.sequence == scan)
            );
            output_writer.publish(|frame| frame.scan = scan);
            assert!(
                output_reader
                    .latest()
                    .is_some_and(|frame| frame.scan == scan)
            );
        }
    });
}

#[test]
fn the_server_does_not_allocate_for_a_request() {
    let mut tables = Tables::new(100, 100, 200, 200);
    let mut reply = [0; adu::ADU_BYTES_MAX];
    let header = adu::Header {
        transaction: 1,
        unit: 1,
    };
    assert_no_alloc(|| {
        for pdu in [
            &[3, 0, 0, 0, 125][..],
            &[1, 0, 0, 0, 99],
            &[16, 0, 1, 0, 1, 2, 0, 5],
            &[9, 9],
        ] {
            assert!(adu::answer(header, pdu, &mut tables, &mut reply) > 8);
        }
    });
}

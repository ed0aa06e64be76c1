//! Apache Parquet, without Arrow.

use super::{Exported, failed};
use crate::fault::HistoryError;
use crate::reader::HistoryReader;
use crate::spec::Item;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};
use std::io::Write;
use std::sync::Arc;

/// Rows of one row group.
const ROWS: usize = 1 << 17;

/// Writes what is stored of some tags in `[from_ns, to_ns)`, one row a point or gap:
///
/// | column | type | |
/// | --- | --- | --- |
/// | `tag` | text | |
/// | `time` | timestamp, nanoseconds, UTC | of a gap its start |
/// | `scan` | int64, optional | none for a gap |
/// | `value` | double, optional | none for a gap |
/// | `quality` | int32, optional | the sixteen bits; none for a gap |
/// | `gap_end` | timestamp, optional | only for a gap |
/// | `gap` | text, optional | only for a gap |
///
/// # Errors
/// The reader's and the writer's.
pub fn write_parquet<W: Write + Send>(
    reader: &HistoryReader,
    tags: &[&str],
    from_ns: i64,
    to_ns: i64,
    out: W,
) -> Result<Exported, HistoryError> {
    let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    for column in ["time", "scan", "gap_end"] {
        let path = ColumnPath::from(column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let schema = Arc::new(schema().map_err(failed)?);
    let mut file =
        SerializedFileWriter::new(out, schema, Arc::new(properties.build())).map_err(failed)?;
    let mut exported = Exported::default();
    let mut rows = Rows::default();
    for tag in tags {
        let name = ByteArray::from(*tag);
        for item in reader.read(tag, from_ns, to_ns)? {
            match item? {
                Item::Before(point) | Item::Point(point) => {
                    exported.points += 1;
                    rows.time.push(point.utc_ns);
                    rows.scan.push(point.seq as i64);
                    rows.value.push(point.value());
                    rows.quality.push(i32::from(point.quality.bits()));
                    rows.is_point.push(1);
                    rows.is_gap.push(0);
                }
                Item::Gap(gap) => {
                    exported.gaps += 1;
                    rows.time.push(gap.from_ns);
                    rows.gap_end.push(gap.to_ns);
                    rows.gap.push(ByteArray::from(gap.kind.word()));
                    rows.is_point.push(0);
                    rows.is_gap.push(1);
                }
            }
            rows.tag.push(name.clone());
            if rows.tag.len() >= ROWS {
                rows.write(&mut file).map_err(failed)?;
            }
        }
    }
    rows.write(&mut file).map_err(failed)?;
    file.close().map_err(failed)?;
    Ok(exported)
}

fn schema() -> parquet::errors::Result<Type> {
    let time = || Some(LogicalType::timestamp(true, TimeUnit::NANOS));
    let column = |name: &str, physical, repetition, logical: Option<LogicalType>| {
        let column = Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()?;
        Ok::<_, parquet::errors::ParquetError>(Arc::new(column))
    };
    let (must, may) = (Repetition::REQUIRED, Repetition::OPTIONAL);
    let text = Some(LogicalType::String);
    Type::group_type_builder("history")
        .with_fields(vec![
            column("tag", Physical::BYTE_ARRAY, must, text.clone())?,
            column("time", Physical::INT64, must, time())?,
            column("scan", Physical::INT64, may, None)?,
            column("value", Physical::DOUBLE, may, None)?,
            column("quality", Physical::INT32, may, None)?,
            column("gap_end", Physical::INT64, may, time())?,
            column("gap", Physical::BYTE_ARRAY, may, text)?,
        ])
        .build()
}

#[derive(Default)]
struct Rows {
    tag: Vec<ByteArray>,
    time: Vec<i64>,
    scan: Vec<i64>,
    value: Vec<f64>,
    quality: Vec<i32>,
    gap_end: Vec<i64>,
    gap: Vec<ByteArray>,
    is_point: Vec<i16>,
    is_gap: Vec<i16>,
}

impl Rows {
    fn write<W: Write + Send>(
        &mut self,
        file: &mut SerializedFileWriter<W>,
    ) -> parquet::errors::Result<()> {
        if self.tag.is_empty() {
            return Ok(());
        }
        let mut group = file.next_row_group()?;
        macro_rules! column {
            ($kind:ty, $values:expr, $levels:expr) => {
                if let Some(mut column) = group.next_column()? {
                    column
                        .typed::<$kind>()
                        .write_batch($values, $levels, None)?;
                    column.close()?;
                }
            };
        }
        column!(ByteArrayType, &self.tag, None);
        column!(Int64Type, &self.time, None);
        column!(Int64Type, &self.scan, Some(&self.is_point));
        column!(DoubleType, &self.value, Some(&self.is_point));
        column!(Int32Type, &self.quality, Some(&self.is_point));
        column!(Int64Type, &self.gap_end, Some(&self.is_gap));
        column!(ByteArrayType, &self.gap, Some(&self.is_gap));
        group.close()?;
        *self = Rows::default();
        Ok(())
    }
}

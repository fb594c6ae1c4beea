"""Records on their way into a batch."""

from salescast.local.movers.firehose.batch import Source, to_source


def test_a_source_record_keeps_its_base64() -> None:
    record = {
        "SequenceNumber": "7",
        "ApproximateArrivalTimestamp": 1795000000.123,
        "Data": "eA==",
        "PartitionKey": "k",
    }
    assert to_source(record) == Source("7", 1_795_000_000_123, "eA==", "k")

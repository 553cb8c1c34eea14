"""Real files of the peers' own writers, for the tests of the importers (test/fixtures/import).

    python -m venv env && env/bin/pip install pyarrow tensorboard wandb trackio
    env/bin/python scripts/reference/import-fixtures.py test/fixtures/import

Made with pyarrow 26.0.1, tensorboard 2.21.0, wandb 0.31.0, trackio 0.43.0. Layouts of the parquet files are TRL's
(`log_completions`) and lighteval's (details).
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

out = Path(sys.argv[1]).resolve()
work = Path(tempfile.mkdtemp())


def parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Two prompts with four completions each; the reward None of the last one is a verifier that gave nothing.
    rows = {
        "step": [10] * 8,
        "prompt": ["1+1=" if i < 4 else "2+2=" for i in range(8)],
        "completion": ["2", "3", "2", "2", "4", "5", "6", "?"],
        "accuracy_reward": [1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, None],
        "advantage": [0.5, -1.5, 0.5, 0.5, 1.2, -0.6, -0.6, 0.0],
    }
    (out / "trl/completions").mkdir(parents=True, exist_ok=True)
    table = pa.table(rows)
    pq.write_table(table, out / "trl/completions/completions_00010.parquet", row_group_size=3)
    pq.write_table(pa.table({**rows, "format_reward": [1.0] * 8}), out / "two-rewards.parquet")
    for codec in ["gzip", "brotli", "zstd", "none"]:
        pq.write_table(table, out / f"parquet-{codec}.parquet", compression=codec)

    def document(i, correct):
        return {
            "doc": {"id": str(i), "query": f"question {i}", "choices": [str(i)], "gold_index": [0], "task_name": "custom|toy"},
            "model_response": {"text": [f"answer {i}.{j}" for j in range(4)], "output_tokens": [[1, 2]] * 4},
            "metric": {"avg@n:n=4": correct / 4},
        }

    details = out / "lighteval/details/model/2025-06-01T00-00-00.000000"
    details.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.Table.from_pylist([document(i, c) for i, c in enumerate([0, 1, 2, 4])]),
        details / "details_custom-toy-0_2025-06-01T00-00-00.000000.parquet",
    )


def tensorboard():
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(work / "tb"), filename_suffix=".toy")
    for step in range(5):
        value = summary_pb2.Summary.Value(tag="train/reward", simple_value=step / 4)
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[2.0 * step])
        second = summary_pb2.Summary.Value(tag="loss", tensor=tensor)
        second.metadata.plugin_data.plugin_name = "scalars"
        text = summary_pb2.Summary.Value(tag="text", tensor=tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"x"]))
        writer.add_event(event_pb2.Event(wall_time=1e9 + step, step=step, summary=summary_pb2.Summary(value=[value, second, text])))
    writer.close()
    (out / "tensorboard").mkdir(exist_ok=True)
    for name in os.listdir(work / "tb"):
        shutil.copy(work / "tb" / name, out / "tensorboard/events.out.tfevents.1000000000.host.1.0.toy")


def wandb_offline():
    import wandb

    run = wandb.init(
        mode="offline", dir=str(work), project="toy", name="toy run", config={"seed": 3, "optimizer": {"lr": 1e-5}},
        settings=wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off", save_code=False),
    )
    for step in range(5):
        run.log({"reward": step / 4, "train": {"loss": 2.0 * step}, "note": "text", "bad": float("nan") if step == 2 else 1.0})
    run.finish()
    wandb.teardown()  # the writer is another process: it is done when this returns
    folder = next(work.glob("wandb/offline-run-*"))
    target = out / "wandb/offline-run-toy"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(next(folder.glob("*.wandb")), target / "run-toy.wandb")


def trackio_db():
    os.environ["TRACKIO_DIR"] = str(work / "trackio")
    import sqlite3

    import trackio

    for name in ["a", "b"]:
        run = trackio.init(project="toy", name=name, config={"seed": 3})
        for step in range(5):
            trackio.log({"reward": step / 4 if name == "a" else 0.5, "train/loss": 2.0 * step, "text": "x" * 20})
        trackio.finish()
    path = next((work / "trackio").glob("toy.db"))
    (out / "trackio").mkdir(exist_ok=True)
    target = out / "trackio/toy.db"
    for suffix in ["", "-wal", "-shm"]:
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    source = sqlite3.connect(path)
    copy = sqlite3.connect(target)
    source.backup(copy)
    copy.execute("PRAGMA journal_mode = DELETE")
    copy.execute("PRAGMA page_size = 512")
    copy.execute("VACUUM")
    copy.close()

    # Long values (overflow pages), many rows (interior pages), and rows that are still in the write-ahead log.
    wal = work / "wal.db"
    live = sqlite3.connect(wal)
    live.execute("PRAGMA page_size = 512")
    live.execute("PRAGMA journal_mode = WAL")
    live.execute("PRAGMA wal_autocheckpoint = 0")
    live.execute("CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL)")
    for step in range(40):
        live.execute("INSERT INTO metrics VALUES (NULL, 'w', ?, ?)", (step, f'{{"reward": {step / 8}, "pad": "{"y" * (1500 if step == 7 else 3)}"}}'))
    live.commit()
    live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for step in range(40, 44):
        live.execute("INSERT INTO metrics VALUES (NULL, 'w', ?, ?)", (step, f'{{"reward": {step / 8}}}'))
    live.commit()
    for suffix in ["", "-wal"]:
        shutil.copy(f"{wal}{suffix}", out / f"trackio/wal.db{suffix}")
    live.close()


for make in [parquet, tensorboard, wandb_offline, trackio_db]:
    try:
        make()
        print("made", make.__name__)
    except Exception as error:  # one peer missing must not keep the others from being made
        print("failed", make.__name__, repr(error))

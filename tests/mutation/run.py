"""Breaks the project on purpose, one thing at a time, and shows that a named test notices.

    make mutation            all of them
    make mutation T=price    those whose description has this word

Works on a temporary copy. Every mutation replaces a piece of code, written as `ast.unparse` writes it, so
that layout, quotes and comments do not matter. It must occur exactly once: a mutation which no longer applies
is an error and not a success. Prints the table that docs/failure-matrix.md quotes; exit status 1 when a
mutation survives.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = (".venv", ".venv-emulator")
TESTS_FAILED = 1  # pytest's exit status; 2 to 5 mean that no test was run


class Mutation(NamedTuple):
    """What is broken, and the test that has to fail."""

    name: str
    path: str
    old: str
    new: str
    test: str


CHANGE = "tests/unit/transformer/test_change.py"
TRANSFORMER = "tests/unit/transformer/test_transformer.py"
PIPE = "tests/unit/local/movers/pipe/test_pipe.py"
FIREHOSE = "tests/unit/local/movers/firehose/test_firehose.py"
DELIVERY = "tests/unit/local/movers/firehose/test_delivery.py"
RECONCILE = "tests/unit/integrity/test_reconcile.py"
TEMPLATE = "tests/contract/test_template.py"

MUTATIONS = (
    Mutation(
        "a price is rounded to cents",
        "src/transformer/change.py",
        "unit_price, discount, str(amount)",
        "f'{float(unit_price):.2f}', discount, str(amount)",
        f"{CHANGE}::test_amounts_are_exact",
    ),
    Mutation(
        "an amount is computed with floats",
        "src/transformer/change.py",
        "amount = units * Decimal(unit_price) - (Decimal(discount) if discount != '0' else 0)",
        "amount = Decimal(units * float(unit_price) - float(discount))",
        f"{CHANGE}::test_amounts_are_exact",
    ),
    Mutation(
        "test orders are let through",
        "src/transformer/change.py",
        "    if image.test.BOOL:\n        raise Dropped('test')\n",
        "",
        f"{CHANGE}::test_trial_orders_and_other_entities_are_dropped",
    ),
    Mutation(
        "the old image is forgotten",
        "src/transformer/change.py",
        "return old.status.S if old.status else None",
        "return image.status.S",
        f"{CHANGE}::test_modify_takes_the_previous_status_from_the_old_image",
    ),
    Mutation(
        "a changed order date is let through",
        "src/transformer/change.py",
        "if is_instant(earlier) and moment.takes(earlier):",
        "if False:",
        f"{CHANGE}::test_what_is_fixed_at_insert_may_not_change",
    ),
    Mutation(
        "an order date outside the projection's range is let through",
        "src/transformer/moment.py",
        "return self.first_date <= order_ts[:10] <= self.last_date",
        "return self.first_date <= order_ts[:10]",
        f"{CHANGE}::test_order_dates_are_bounded",
    ),
    Mutation(
        "archiving counts as removal",
        "src/transformer/change.py",
        "return 'EXPIRE' if by_ttl else 'REMOVE'",
        "return 'REMOVE'",
        f"{CHANGE}::test_a_deletion_by_ttl_is_archiving",
    ),
    Mutation(
        "an e-mail address gets into the lake",
        "src/transformer/change.py",
        "image.customer_id.S or None,",
        "bytes(image.customer_email).decode() or None,",
        f"{CHANGE}::test_personal_data_stays_behind",
    ),
    Mutation(
        "two record ids are swapped",
        "src/transformer/transformer.py",
        "    return answers\n",
        "    for one, two in zip(answers[::2], answers[1::2], strict=False):\n"
        '        one["recordId"], two["recordId"] = two["recordId"], one["recordId"]\n'
        "    return answers\n",
        f"{TRANSFORMER}::test_every_event",
    ),
    Mutation(
        "a record that fails is dropped",
        "src/transformer/transformer.py",
        "        except ChangeError as error:\n            answers.append({'recordId': record_id, "
        "'result': 'ProcessingFailed'})",
        "        except ChangeError as error:\n            answers.append({'recordId': record_id, "
        "'result': 'Dropped'})",
        f"{TRANSFORMER}::test_every_event",
    ),
    Mutation(
        "one bad record fails its batch",
        "src/transformer/transformer.py",
        "        except Exception:\n            answers.append(",
        "        except ZeroDivisionError:\n            answers.append(",
        f"{TRANSFORMER}::test_data_that_is_no_change",
    ),
    Mutation(
        "the view ignores the version",
        "analytics/views/orders.sql",
        "ORDER BY version DESC, sequence_number DESC, processed_ts DESC",
        "ORDER BY sequence_number DESC, processed_ts DESC",
        "tests/contract/test_current_state.py",
    ),
    Mutation(
        "the view keeps removed orders",
        "analytics/views/orders.sql",
        "WHERE recency = 1 AND change_type <> 'REMOVE'",
        "WHERE recency = 1",
        "tests/contract/test_current_state.py",
    ),
    Mutation(
        "a role is widened to every action of a service",
        "template.yaml",
        "Action: kinesis:PutRecords, Resource",
        'Action: "kinesis:*", Resource',
        f"{TEMPLATE}::test_no_wildcard_action_and_no_unnamed_resource",
    ),
    Mutation(
        "analysts may read raw/",
        "template.yaml",
        'Resource: [!Sub "${Lake.Arn}/curated/*", !Sub "${Lake.Arn}/athena-results/*"]',
        'Resource: [!Sub "${Lake.Arn}/*"]',
        f"{TEMPLATE}::test_personal_data_is_out_of_the_analysts_reach",
    ),
    Mutation(
        "any account may use the pipe's role",
        "template.yaml",
        "              ArnLike: {aws:SourceArn: !Sub "
        '"arn:${AWS::Partition}:pipes:${AWS::Region}:${AWS::AccountId}:pipe/*OrdersPipe*"}\n',
        "",
        f"{TEMPLATE}::test_a_service_may_take_a_role_only_for_this_account_and_its_resource",
    ),
    Mutation(
        "the pipe starts before Firehose is there",
        "template.yaml",
        "    Type: AWS::Pipes::Pipe\n    DependsOn: ArrivalsDeliveryStream\n",
        "    Type: AWS::Pipes::Pipe\n",
        f"{TEMPLATE}::test_nothing_is_written_that_nobody_reads",
    ),
    Mutation(
        "the pipe forgets entries that PutRecords refused",
        "salescast/local/movers/pipe/target.py",
        "if not answer['FailedRecordCount']:",
        "if answer:",
        f"{PIPE}::test_only_the_failed_entries_are_sent_again",
    ),
    Mutation(
        "the pipe gives up without a dead letter",
        "salescast/local/movers/pipe/delivery.py",
        "            self._send(execution, shard_id, run, condition)\n",
        "",
        f"{PIPE}::test_bisect_ends_a_poison_record_alone",
    ),
    Mutation(
        "the pipe does not halve a refused batch",
        "salescast/local/movers/pipe/target.py",
        "about_records=code in ABOUT_RECORDS or status == 413,",
        "about_records=False,",
        f"{PIPE}::test_bisect_ends_a_poison_record_alone",
    ),
    Mutation(
        "the pipe passes a batch before it is delivered",
        "salescast/local/movers/pipe/service.py",
        "                self._delivery.deliver(shard_id, batch)\n"
        "                self._positions.keep(shard_id, after(batch[-1].sequence_number))\n",
        "                self._positions.keep(shard_id, after(batch[-1].sequence_number))\n"
        "                self._delivery.deliver(shard_id, batch)\n",
        "tests/local/movers/test_pipe.py::test_a_refused_queue_keeps_the_records_in_the_stream",
    ),
    Mutation(
        "Firehose's checkpoint passes what is not delivered",
        "salescast/local/movers/progress.py",
        "                if held:",
        "                if False:",
        "tests/unit/local/movers/test_progress.py",
    ),
    Mutation(
        "Firehose forgets records that the function left out",
        "salescast/local/movers/firehose/response.py",
        "            rejected.append(_rejected(source, 'Lambda.MissingRecordId'))\n",
        "",
        f"{FIREHOSE}::test_every_record_gets_one_verdict",
    ),
    Mutation(
        "Firehose tries a failing function once",
        "salescast/local/movers/firehose/processing.py",
        "if attempts > self._config.processing.retries:",
        "if attempts:",
        f"{FIREHOSE}::test_a_failed_attempt_is_tried_again_then_the_batch_fails",
    ),
    Mutation(
        "Firehose drops what S3 refuses",
        "salescast/local/movers/firehose/destination.py",
        "                refused(code, describe(error))\n",
        "                refused(code, describe(error))\n"
        "                raise AbandonedError(what) from error\n",
        f"{DELIVERY}::test_what_s3_refuses_is_tried_again_under_the_same_key",
    ),
    Mutation(
        "the raw backup is skipped",
        "salescast/local/movers/firehose/service.py",
        "                self._delivery.back_up(shard_id, sources)\n",
        "",
        "tests/local/movers/test_firehose.py::test_records_become_parquet_and_a_backup",
    ),
    Mutation(
        "an expired iterator starts the shard anew",
        "salescast/local/movers/shard.py",
        "            self.position = after(self._stream.sequence_number(records[-1]))\n",
        "            pass\n",
        "tests/unit/local/movers/test_shard.py::test_an_expired_iterator_is_taken_anew_after_the_last_record",
    ),
    Mutation(
        "children of a split shard are read before it",
        "salescast/local/movers/shards.py",
        "            if any((parent in shards and (not self._done(parent)) for parent in parents)):\n"
        "                continue\n",
        "",
        "tests/unit/local/movers/test_shard.py::test_children_are_read_after_their_parents",
    ),
    Mutation(
        "reconcile ignores --settle",
        "salescast/integrity/reconcile.py",
        "if order.updated and youngest < order.updated < self._latest:",
        "if False:",
        f"{RECONCILE}::test_young_differences_are_in_flight",
    ),
    Mutation(
        "reconcile looks at the latest version only",
        "salescast/integrity/reconcile.py",
        "if self._view.get(order.order_id) == (order.version, order.digest) and (not lacking):",
        "if self._view.get(order.order_id) == (order.version, order.digest):",
        f"{RECONCILE}::test_old_differences",
    ),
    Mutation(
        "reconcile takes one failed version for all",
        "salescast/integrity/reconcile.py",
        "return bool(lacking) and all(",
        "return bool(lacking) and any(",
        f"{RECONCILE}::test_old_differences",
    ),
    Mutation(
        "reconcile adds amounts with floats",
        "salescast/stack/money.py",
        "    return EXACT.add(left, right)",
        "    return Decimal(float(left) + float(right))",
        "tests/unit/stack/test_money.py::test_sum_is_exact_where_floats_are_not",
    ),
)


def main(words: list[str]) -> int:
    chosen = [one for one in MUTATIONS if all(word in one.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="mutation") as folder:
        copy = Path(folder) / "project"
        _copy(copy)
        failed = _pytest(copy, sorted({test for one in chosen for test in one.test.split()}))
        if failed:
            print("the named tests fail without any mutation:", failed, sep="\n")
            return 1
        print("| broken on purpose | file | test that fails | s |\n|---|---|---|---|")
        survivors = [one.name for one in chosen if not _noticed(copy, one)]
    print(f"\n{len(chosen) - len(survivors)} of {len(chosen)} mutations noticed")
    for name in survivors:
        print(f"survived: {name}")
    return 1 if survivors else 0


def _copy(copy: Path) -> None:
    """The files that git knows or would take in, with links to the environments."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for environment in ENVIRONMENTS:
        (copy / environment).symlink_to(ROOT / environment)


def _render(copy: Path, mutation: Mutation) -> None:
    """Bring what is changed in analytics/ into the template, from where tests and deployments take it."""
    if mutation.path.startswith("analytics/"):
        subprocess.run([sys.executable, "-m", "tools.render"], cwd=copy, check=True, capture_output=True)


def _noticed(copy: Path, mutation: Mutation) -> bool:
    path = copy / mutation.path
    original = path.read_text()
    text = _canonical(original) if path.suffix == ".py" else original
    if text.count(mutation.old) != 1:
        raise SystemExit(
            f"{mutation.name}: the text to replace is {text.count(mutation.old)} times in {mutation.path}, "
            "not once; bring tests/mutation/run.py up to date"
        )
    began = time.monotonic()
    path.write_text(text.replace(mutation.old, mutation.new))
    try:
        _render(copy, mutation)
        failed = _pytest(copy, mutation.test.split())
    finally:
        path.write_text(original)
        _render(copy, mutation)
    seconds = time.monotonic() - began
    print(
        f"| {mutation.name} | `{mutation.path}` | {_first(failed) or '**none**'} | {seconds:.0f} |",
        flush=True,
    )
    return bool(failed)


def _canonical(source: str) -> str:
    """The module without comments, lines and quotes as Python writes them: only the code counts."""
    return ast.unparse(ast.parse(source)) + "\n"


def _pytest(copy: Path, tests: list[str]) -> list[str]:
    """The tests that fail, none when all pass. Raises SystemExit when they could not be run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests],
        cwd=copy,
        # Without bytecode: a file changed twice within a second would be taken for unchanged.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, TESTS_FAILED):
        raise SystemExit(
            f"pytest could not run {' '.join(tests)}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        )
    if done.returncode == 0:
        return []
    return [line for line in done.stdout.splitlines() if line.startswith(("FAILED tests/", "ERROR tests/"))]


def _first(failed: list[str]) -> str:
    if not failed:
        return ""
    name = failed[0].split()[1].split("[")[0]
    path, _, test = name.rpartition("::")
    return f"`{test}` in {path}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

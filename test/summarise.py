#!/usr/bin/env python3
"""Adds up JUnit files. Prints what failed and `N passed, N failed`; exits 1 unless something ran and all of it passed."""

import sys
import xml.etree.ElementTree as xml


def cases(path):
    try:
        return list(xml.parse(path).getroot().iter("testcase"))
    except (OSError, xml.ParseError) as error:
        sys.exit(f"error: {path}: found no results ({error})")


def main(paths):
    passed, failed, skipped = 0, [], 0
    for path in paths:
        found = cases(path)
        if not found:
            sys.exit(f"error: {path}: no test ran")
        for case in found:
            name = f"{case.get('classname', '')}/{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
                failed.append(name)
            elif (left := case.find("skipped")) is not None and "not selected" in left.get("message", ""):
                pass  # another run of lit has it
            elif left is not None or case.get("status") in ("notrun", "disabled"):
                skipped += 1
            else:
                passed += 1
    for name in failed:
        print("failed:", name)
    print(f"{passed} passed, {len(failed)} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

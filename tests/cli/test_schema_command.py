import json


def test_the_schema_is_printed_and_written(cli, tmp_path):
    printed = cli("schema")
    assert printed.code == 0
    assert json.loads(printed.out)["title"] == "audit.json of labelaudit"
    target = tmp_path / "audit.schema.json"
    assert cli("schema", "-o", target, "-q").code == 0
    assert target.read_text(encoding="utf-8") == printed.out


def test_a_real_audit_keeps_to_it(cli, sample_data, tmp_path):
    import jsonschema

    schema = json.loads(cli("schema").out)
    for name in ("digits", "imbalanced"):
        target = tmp_path / name
        assert cli("audit", sample_data / name, "-o", target, "-q").code in (0, 4)
        document = json.loads((target / "audit.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema).validate(document)

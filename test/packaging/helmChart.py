"""Lints and renders a chart with Helm's own code, and checks what comes out by the schemas of Kubernetes.

helmChart.py CHART KUBERNETES-VERSION < {"case": {values}, ...} > {"case": {"lint": [...], "error": text, "objects": [...]}, ...}
"""

import json
import sys

import helm_python
import kubernetes_validate
import yaml

SCHEMALESS = {"monitoring.coreos.com/v1"}


def case(chart_path, version, values):
    report = helm_python.lint(chart_path, values, strict=True, kube_version=f"v{version}")
    lint = [f"{m['severity']} {m['path']} {m['error']}" for m in report["messages"] if m["severity"] > 1]
    objects, problems = [], []
    try:
        with helm_python.Chart.load(chart_path) as chart:
            chart.validate_schema(values)
            rendered = chart.render(values, name="fleet", namespace="voices")
    except helm_python.HelmError as error:
        return {"lint": lint, "error": str(error), "objects": [], "problems": []}
    for path, text in rendered.items():
        if not path.endswith(".yaml"):
            continue
        for found in yaml.safe_load_all(text):
            if not found:
                continue
            objects.append(found)
            if found["apiVersion"] in SCHEMALESS:
                continue
            try:
                kubernetes_validate.validate(found, version, strict=True)
            except Exception as error:  # of several classes, by the version of the schema
                problems.append(f"{path}: {error}")
    return {"lint": lint, "error": None, "objects": objects, "problems": problems}


chart, version = sys.argv[1:]
cases = json.load(sys.stdin)
json.dump({name: case(chart, version, values) for name, values in cases.items()}, sys.stdout)

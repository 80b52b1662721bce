"""From the models of requests and answers to JSON Schema."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from lib.answer.body import Body
from lib.request.model import Model
from lib.serving.openapi.docstrings import fields_of

_REFERENCE = "#/components/schemas/{model}"


def schemas_of(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Returns a schema for each of these models, and for each model in one of them, by the names of their classes."""
    modes = [(model, "serialization" if issubclass(model, Body) else "validation") for model in models]
    _, whole = models_json_schema(modes, ref_template=_REFERENCE, schema_generator=_Schemas)  # type: ignore[arg-type]
    return dict(whole["$defs"])


def reference_to(model: type[BaseModel]) -> dict[str, str]:
    """Returns what stands in place of the schema of this model."""
    return {"$ref": _REFERENCE.format(model=model.__name__)}


class _Schemas(GenerateJsonSchema):
    """Leaves out titles and defaults, which say nothing to a client, and adds what the models say of each field."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        if self.mode == "serialization":
            # A key whose value is None is left out of answers.
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Whether the key is in every such object. Those of an entry in a list may be left out, as their class says."""
        if field["type"] == "typed-dict-field":
            return bool(field.get("required", total))
        return super().field_is_required(field, total)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        made = super().typed_dict_schema(schema)
        made.pop("title", None)
        for name, told in fields_of(schema["cls"]).items():
            made["properties"][name]["description"] = told
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        fields = made.get("properties", {})
        for one in reversed(schema["cls"].__mro__):
            told = fields_of(one) if issubclass(one, (Model, Body)) else {}
            for name in told.keys() & fields.keys():
                fields[name]["description"] = told[name]
        if issubclass(schema["cls"], Model):
            for name, field in fields.items():
                release = schema["cls"].but.get(name, schema["cls"].since)
                if release and "$ref" not in field:
                    field["description"] = f"{field.get('description', '')} The UI sends it since {release}.".strip()
        return made

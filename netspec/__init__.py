"""netspec: a network in one YAML file, checked before torch could load."""

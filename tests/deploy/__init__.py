"""What `deploy/` holds for operators: manifests, alerts and a dashboard."""

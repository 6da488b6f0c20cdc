"""What people see of a job: progress, tables and the HTML page."""

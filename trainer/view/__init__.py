"""What people see of a job."""

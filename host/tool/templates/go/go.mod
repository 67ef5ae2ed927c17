module example.org/my-policy

go 1.25

if __name__ == "__main__":
    from shared.cli import main

    from customer.service import service

    main(service)
